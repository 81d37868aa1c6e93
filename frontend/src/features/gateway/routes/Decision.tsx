import { useTranslations } from "use-intl";
import type { CandidateOut, DecisionStepOut, RouteDecisionOut } from "@/api/generated/schema";
import { StateBadge, StateMark } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import type { Tone } from "@/ui/Mark";
import { useCauseWords } from "../useCauseWords";
import styles from "./routes.module.css";

/** Said as a number already. */
const ITS_WEIGHT = /^Its weight is [0-9.e+]+\.$/;

/** Each route that would be tried, the places it leads to, and why each is in or out. */
export function Decision({ decision }: { decision: RouteDecisionOut }) {
  const t = useTranslations("routes.test");
  const isAnswered = decision.steps.some((step) => step.candidates.some((one) => one.usable));
  return (
    <section className="stack" aria-label={t("decision")}>
      <div className="stack tight">
        <StateBadge
          bare
          state={decision.allowed && isAnswered ? "ready" : "failed"}
          label={t(!decision.allowed ? "refused" : isAnswered ? "answered" : "nobody")}
        />
        <p className="sm soft break">{decision.sentence}</p>
      </div>
      <ol className={styles.steps}>
        {decision.steps.map((step, index) => (
          <Step key={step.route} step={step} number={index + 1} />
        ))}
      </ol>
      <p className="xs dim">{t("dry", { version: String(decision.version) })}</p>
    </section>
  );
}

function Step({ step, number }: { step: DecisionStepOut; number: number }) {
  const t = useTranslations("routes.test");
  const causes = useCauseWords();
  return (
    <li className={styles.decision}>
      <h2 className="sm">
        {number}. {step.route}
      </h2>
      <p className="xs dim">
        {step.after === null
          ? t("asked")
          : t("after", { from: step.after, causes: causes.when(step.on) })}
      </p>
      {step.candidates.length === 0 ? (
        <p className="sm soft">{step.outcome}</p>
      ) : (
        <ul className={styles.candidates}>
          {step.candidates.map((one) => (
            <Candidate key={`${one.target}-${one.endpoint}-${one.model}`} one={one} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Candidate({ one }: { one: CandidateOut }) {
  const t = useTranslations("routes.test");
  const format = useFormat();
  const reasons = one.reasons.filter((reason) => !ITS_WEIGHT.test(reason));
  return (
    <li>
      <StateMark tone={toneOf(one, reasons)} />
      <span className="grow">
        <span className="sm break">
          {one.endpoint ?? one.target}
          {one.model && one.model !== one.target && (
            <span className="dim"> {t("as", { model: one.model })}</span>
          )}
          <span className="visually-hidden">{t(one.usable ? "isIn" : "isOut")}</span>
        </span>
        <small className="dim break">
          {[one.node, one.weight > 0 && t("weight", { weight: String(one.weight) }), ...reasons]
            .filter(Boolean)
            .join(" · ")}
        </small>
      </span>
      <span className="xs soft nowrap">
        {one.usable && one.share > 0 ? format.share(one.share / 100) : ""}
      </span>
    </li>
  );
}

/** Well, in doubt, or out: that a place lies outside the house is no doubt. */
function toneOf(one: CandidateOut, reasons: readonly string[]): Tone {
  if (!one.usable) return "bad";
  return reasons.length > Number(one.leaves_house) ? "attention" : "good";
}
