import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useLocale, useTranslations } from "use-intl";
import { askTraced, type Traced } from "@/api/traffic";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { SendIcon } from "@/ui/icons";
import { readFallbackReason } from "../causes";
import { sayMilliseconds } from "../milliseconds";
import { Trace } from "../Trace";
import { useCauseWords } from "../useCauseWords";
import styles from "./routes.module.css";

interface RealRequestProps {
  name: string;
  isOut: boolean;
  reason: string | null;
}

/** One tiny request as any client would send it, with what the gateway decided on its way. */
export function RealRequest({ name, isOut, reason }: RealRequestProps) {
  const t = useTranslations("routes.test");
  const send = useMutation({ mutationFn: () => askTraced(name, t("words")), gcTime: 0 });
  return (
    <section className={styles.real} aria-label={t("real")}>
      <div className="row between wrap">
        <span className="sm grow">
          {t("realHint")} {isOut && t("realLeaves")}
        </span>
        <Button
          icon={SendIcon}
          busy={send.isPending}
          disabledReason={reason}
          onClick={() => send.mutate()}
        >
          {t("send")}
        </Button>
      </div>
      <div role="status">
        {send.data && <Answer traced={send.data} />}
        {send.error && <p className="sm bad-ink break">{send.error.message}</p>}
      </div>
    </section>
  );
}

function Answer({ traced }: { traced: Traced }) {
  const t = useTranslations("routes.test");
  const format = useFormat();
  const locale = useLocale();
  const causes = useCauseWords();
  const fell = readFallbackReason(traced.fallbackReason);
  const time = sayMilliseconds(traced.milliseconds, format.duration, locale);
  return (
    <div className="stack tight">
      <StateBadge
        bare
        state={traced.status < 400 ? "succeeded" : "failed"}
        label={
          traced.status < 400
            ? t("answeredBy", { target: traced.servedBy, time })
            : t("failedWith", { status: String(traced.status), time })
        }
      />
      {fell && (
        <p className="sm soft">
          {t("fellBack", { from: fell.from, cause: causes.short(fell.cause) })}
        </p>
      )}
      <p className={styles.said}>{traced.text}</p>
      {traced.decisions.length > 0 && <Trace decisions={traced.decisions} />}
      {traced.requestId && (
        <p>
          <Link
            className="link sm"
            to="/requests/$requestId"
            params={{ requestId: traced.requestId }}
            search={{}}
          >
            {t("openRequest")}
          </Link>
        </p>
      )}
    </div>
  );
}
