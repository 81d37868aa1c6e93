import { useQuery } from "@tanstack/react-query";
import { useLocale, useTranslations } from "use-intl";
import type { RequestOut } from "@/api/generated/schema";
import { Because } from "@/components/Notice";
import { QueryView } from "@/components/QueryView";
import { useFormat } from "@/i18n/useFormat";
import { Panel } from "@/ui/Panel";
import styles from "./gateway.module.css";
import { sayMilliseconds } from "./milliseconds";
import { requestQuery, requestWhyQuery } from "./queries";
import { Outcome } from "./RequestsPage";

/** One request: where its time went, and why it ended as it did. */
export function RequestPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useTranslations("gateway.request");
  const query = useQuery(requestQuery(id));
  return (
    <Panel open onClose={onClose} title={t("title")} width={460}>
      <QueryView query={query}>{(request) => <Detail request={request} />}</QueryView>
    </Panel>
  );
}

function Detail({ request }: { request: RequestOut }) {
  const t = useTranslations("gateway.request");
  const format = useFormat();
  return (
    <div className="stack">
      <Outcome request={request} />
      {request.status >= 400 && <Why id={request.id} />}
      <Waterfall request={request} />
      <dl className="kv">
        <dt>{t("model")}</dt>
        <dd>{request.model}</dd>
        <dt>{t("key")}</dt>
        <dd>{request.key ?? request.user ?? "·"}</dd>
        <dt>{t("servedBy")}</dt>
        <dd>{[request.served_by, request.node].filter(Boolean).join(", ") || "·"}</dd>
        <dt>{t("tokens")}</dt>
        <dd>
          {t("inOut", {
            in: format.exact(request.prompt_tokens),
            out: format.exact(request.completion_tokens),
          })}
          {request.estimated && ` ${t("estimated")}`}
        </dd>
        <dt>{t("speed")}</dt>
        <dd>{format.speed(request.tokens_per_second)}</dd>
        <dt>{t("streamed")}</dt>
        <dd>{request.streamed ? t("yes") : t("no")}</dd>
        <dt>{t("at")}</dt>
        <dd>{format.moment(request.at)}</dd>
        <dt>{t("id")}</dt>
        <dd className="mono xs break">{request.id}</dd>
      </dl>
    </div>
  );
}

function Why({ id }: { id: string }) {
  const format = useFormat();
  const why = useQuery(requestWhyQuery(id)).data;
  if (!why) return null;
  return (
    <section className="stack tight">
      <p className="strong">{why.cause}</p>
      <Because
        lines={(why.evidence ?? []).slice(0, 5).map((line, index) => ({
          key: `${line.at}-${index}`,
          at: line.at ? format.moment(line.at) : "",
          text: line.text,
        }))}
      />
    </section>
  );
}

/** Queue, connection, first byte, the rest: each where it lies in the whole. */
function Waterfall({ request }: { request: RequestOut }) {
  const t = useTranslations("gateway.request");
  const format = useFormat();
  const locale = useLocale();
  const whole = Math.max(request.total_ms, 1);
  const first = request.first_byte_ms || request.total_ms;
  const begun = request.queue_ms + request.connect_ms;
  const parts = [
    { name: t("queue"), from: 0, ms: request.queue_ms },
    { name: t("connect"), from: request.queue_ms, ms: request.connect_ms },
    { name: t("untilFirst"), from: begun, ms: Math.max(0, first - begun) },
    { name: t("rest"), from: first, ms: Math.max(0, request.total_ms - first) },
  ];
  return (
    <dl className={styles.waterfall} aria-label={t("waterfall")}>
      {parts.map((part) => (
        <div key={part.name}>
          <dt>{part.name}</dt>
          <dd className={styles.track} aria-hidden="true">
            <i
              style={{
                left: `${(part.from / whole) * 100}%`,
                width: `${(part.ms / whole) * 100}%`,
              }}
            />
          </dd>
          <dd>{sayMilliseconds(part.ms, format.duration, locale)}</dd>
        </div>
      ))}
    </dl>
  );
}
