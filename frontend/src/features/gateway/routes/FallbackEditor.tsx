import { Select } from "@mantine/core";
import { useTranslations } from "use-intl";
import { Button, IconButton } from "@/ui/Button";
import chips from "@/ui/Chips.module.css";
import { ArrowDownIcon, ArrowUpIcon, PlusIcon, TrashIcon } from "@/ui/icons";
import { CAUSES, type Cause } from "../causes";
import { useCauseWords } from "../useCauseWords";
import { emptyStep, type StepDraft, takenCauses } from "./draft";
import styles from "./routes.module.css";
import { useRouteWords } from "./useRouteWords";
import { chainAfter, fallbackNames, findRoute, type World } from "./world";

interface FallbackEditorProps {
  name: string;
  steps: readonly StepDraft[];
  world: World;
  onChange: (steps: StepDraft[]) => void;
  disabled?: boolean;
}

/** The chain by cause: what has to happen, and where the request goes then. */
export function FallbackEditor({ name, steps, world, onChange, disabled }: FallbackEditorProps) {
  const t = useTranslations("routes.chain");
  const causes = useCauseWords();
  const names = fallbackNames(name, world);
  const taken = takenCauses(steps);
  const left = CAUSES.filter((cause) => !taken.includes(cause));
  const set = (id: number, change: Partial<StepDraft>) =>
    onChange(steps.map((each) => (each.id === id ? { ...each, ...change } : each)));
  const move = (from: number, by: number) => {
    const moved = [...steps];
    const [step] = moved.splice(from, 1);
    if (step) moved.splice(from + by, 0, step);
    onChange(moved);
  };
  return (
    <div className="stack tight">
      <ol className={styles.chain}>
        {steps.map((step, index) => (
          <Step
            key={step.id}
            step={step}
            number={index + 1}
            takenBefore={takenCauses(steps.slice(0, index))}
            names={names}
            world={world}
            disabled={disabled ?? false}
            onChange={(change) => set(step.id, change)}
            onUp={index > 0 ? () => move(index, -1) : null}
            onDown={index < steps.length - 1 ? () => move(index, 1) : null}
            onRemove={() => onChange(steps.filter((each) => each.id !== step.id))}
          />
        ))}
        <li className={styles.end}>
          <p className="sm soft">
            {steps.length === 0
              ? t("nothing")
              : left.length === 0
                ? t("everything")
                : t("rest", { causes: causes.when(left) })}
          </p>
        </li>
      </ol>
      {!disabled && (
        <div className="row wrap">
          <Button
            size="sm"
            icon={PlusIcon}
            disabledReason={
              left.length === 0 ? t("allTaken") : names.length === 0 ? t("noNames") : null
            }
            onClick={() => onChange([...steps, emptyStep(taken)])}
          >
            {t("add")}
          </Button>
          <span className="xs dim grow">{t("hint")}</span>
        </div>
      )}
    </div>
  );
}

interface StepProps {
  step: StepDraft;
  number: number;
  takenBefore: readonly Cause[];
  names: readonly string[];
  world: World;
  disabled: boolean;
  onChange: (change: Partial<StepDraft>) => void;
  onUp: (() => void) | null;
  onDown: (() => void) | null;
  onRemove: () => void;
}

function Step({
  step,
  number,
  takenBefore,
  names,
  world,
  disabled,
  onChange,
  onUp,
  onDown,
  onRemove,
}: StepProps) {
  const t = useTranslations("routes.chain");
  const tCause = useTranslations("gateway.cause");
  const known = step.to && !names.includes(step.to) ? [step.to, ...names] : [...names];
  const toggle = (cause: Cause) =>
    onChange({
      on: step.on.includes(cause)
        ? step.on.filter((each) => each !== cause)
        : CAUSES.filter((each) => each === cause || step.on.includes(each)),
    });
  return (
    <li className={styles.step}>
      <fieldset className={styles.causes}>
        <legend>{t("when", { number: String(number) })}</legend>
        <div className={chips.chips}>
          {CAUSES.map((cause) => {
            const isTaken = takenBefore.includes(cause);
            return (
              <button
                key={cause}
                type="button"
                className={chips.chip}
                aria-pressed={step.on.includes(cause)}
                aria-disabled={isTaken || disabled || undefined}
                data-tip={isTaken ? t("taken") : tCause(`about.${cause}`)}
                onClick={() => !isTaken && !disabled && toggle(cause)}
              >
                {tCause(`short.${cause}`)}
              </button>
            );
          })}
        </div>
      </fieldset>
      <div className={styles.goesTo}>
        <Select
          label={t("to")}
          placeholder={t("choose")}
          data={known}
          value={step.to}
          searchable
          allowDeselect={false}
          disabled={disabled}
          onChange={(to) => onChange({ to })}
        />
        {!disabled && (
          <span className={styles.tools}>
            {onUp && (
              <IconButton
                icon={ArrowUpIcon}
                label={t("up", { number: String(number) })}
                onClick={onUp}
              />
            )}
            {onDown && (
              <IconButton
                icon={ArrowDownIcon}
                label={t("down", { number: String(number) })}
                onClick={onDown}
              />
            )}
            <IconButton
              icon={TrashIcon}
              label={t("remove", { number: String(number) })}
              onClick={onRemove}
            />
          </span>
        )}
      </div>
      {step.to && <Following name={step.to} world={world} />}
    </li>
  );
}

/** Where the route that is fallen back to leads, and what it falls back to itself. */
function Following({ name, world }: { name: string; world: World }) {
  const t = useTranslations("routes.chain");
  const causes = useCauseWords();
  const words = useRouteWords();
  const document = findRoute(name, world);
  if (!document) return <p className="xs bad-ink">{t("gone", { name })}</p>;
  const targets = words.targets(document);
  return (
    <div className={styles.following}>
      {targets !== name && <p className="xs dim">{t("leadsTo", { name, targets })}</p>}
      {chainAfter(name, world).map((step) => (
        <p key={`${step.from}-${step.to}`} className="xs dim">
          {t("further", { from: step.from, causes: causes.when(step.on), to: step.to })}
        </p>
      ))}
    </div>
  );
}
