import { useLocale, useTranslations } from "use-intl";
import type { RequestDetailOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { sayMilliseconds } from "../milliseconds";
import styles from "./requests.module.css";

const STAGES = ["queue", "connect", "first_byte", "reply"] as const;

/** Each part of a request's time where it lies in the whole, with its number beside it. */
export function Waterfall({ request }: { request: RequestDetailOut }) {
  const t = useTranslations("requests.stage");
  const format = useFormat();
  const locale = useLocale();
  const whole = Math.max(request.total_ms, 0.001);
  const say = (ms: number) => sayMilliseconds(ms, format.duration, locale);
  return (
    <dl className={styles.waterfall}>
      {STAGES.map((name) => {
        const stage = request.stages.find((one) => one.name === name);
        return (
          <div key={name}>
            <dt>
              {t(name)}
              <small>
                {name === "queue" && request.queue_position
                  ? t("place", { place: String(request.queue_position) })
                  : t(`about.${name}`)}
              </small>
            </dt>
            <dd className={styles.track} aria-hidden="true">
              {stage && (
                <i
                  data-stage={name}
                  style={{
                    left: `${(stage.begin_ms / whole) * 100}%`,
                    width: `${(stage.ms / whole) * 100}%`,
                  }}
                />
              )}
            </dd>
            <dd>
              {stage ? say(stage.ms) : <span className="dim">{t("none")}</span>}
              {name === "reply" && request.tokens_per_second !== null && (
                <small>{format.speed(request.tokens_per_second)}</small>
              )}
            </dd>
          </div>
        );
      })}
      <div className={styles.total}>
        <dt>{t("total")}</dt>
        <dd aria-hidden="true" />
        <dd>{say(request.total_ms)}</dd>
      </div>
    </dl>
  );
}
