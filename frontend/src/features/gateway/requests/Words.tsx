import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import type { RequestDetailOut } from "@/api/generated/schema";
import { useMay, useSession } from "@/api/session";
import { ProblemLine } from "@/components/ProblemNotice";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CopyButton } from "@/ui/CopyButton";
import { EyeIcon } from "@/ui/icons";
import { readBodies } from "./queries";
import styles from "./requests.module.css";

/** What was asked and answered: only where it was kept, only for whom it may concern. */
export function Words({ request }: { request: RequestDetailOut }) {
  const t = useTranslations("requests.words");
  const format = useFormat();
  const me = useSession()?.user.username;
  const mayReadAll = useMay("read_bodies");
  const read = useMutation({ mutationFn: () => readBodies(request.id), gcTime: 0 });
  const mayRead = mayReadAll || (request.user !== null && request.user === me);
  if (!request.has_bodies) {
    return (
      <Card title={t("title")}>
        <p className="sm soft">
          {t("notKept")}{" "}
          {request.key_id !== null && (
            <Link
              className="link"
              to="/keys/$keyId"
              params={{ keyId: String(request.key_id) }}
              search={{}}
            >
              {t("openKey")}
            </Link>
          )}
        </p>
      </Card>
    );
  }
  const bodies = read.data;
  return (
    <Card title={t("title")}>
      <div className="stack">
        <p className="sm soft">{t("audited")}</p>
        {bodies ? (
          <>
            <Text
              title={t("asked", { size: format.bytes(bodies.request_bytes) })}
              text={indented(bodies.request)}
            />
            {bodies.text && <Text title={t("said")} text={bodies.text} />}
            <Text
              title={t("answered", { size: format.bytes(bodies.reply_bytes) })}
              text={indented(bodies.reply)}
            />
          </>
        ) : (
          <span>
            <Button
              icon={EyeIcon}
              busy={read.isPending}
              disabledReason={mayRead ? null : t("notYours")}
              onClick={() => read.mutate()}
            >
              {t("read")}
            </Button>
          </span>
        )}
        <ProblemLine error={read.error} />
      </div>
    </Card>
  );
}

function Text({ title, text }: { title: string; text: string }) {
  return (
    <section className="stack tight" aria-label={title}>
      <div className="row between">
        <h3>{title}</h3>
        <CopyButton text={text} />
      </div>
      <pre className={styles.words} tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}

/** JSON with room to read; anything else, such as events, as it is. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
