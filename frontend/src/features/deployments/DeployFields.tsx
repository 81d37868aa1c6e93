import { NumberInput, Slider, Switch, TextInput } from "@mantine/core";
import { useId } from "react";
import { useTranslations } from "use-intl";
import type { NodeFitOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { contextSteps, formatContext, nearestStep } from "@/lib/context";
import styles from "./deploy.module.css";
import type { Target, VersionChoice } from "./target";
import { type Draft, longestThatFits, shares } from "./wanted";

interface DeployFieldsProps {
  target: Target;
  draft: Draft;
  onChange: (draft: Draft) => void;
  nameProblem: string | null;
  versionKey: string | undefined;
  onVersion: (key: string) => void;
  /** Of the roomiest node, for what a longer context would mean. */
  fit: NodeFitOut | undefined;
}

/** What is wanted: name, version, context, replicas, and when it may leave the memory. */
export function DeployFields({
  target,
  draft,
  onChange,
  nameProblem,
  versionKey,
  onVersion,
  fit,
}: DeployFieldsProps) {
  const t = useTranslations("deployments.deploy");
  return (
    <div className="stack">
      <TextInput
        data-autofocus
        label={t("name")}
        description={t("nameHint")}
        value={draft.name}
        error={nameProblem}
        autoComplete="off"
        spellCheck={false}
        classNames={{ input: styles.mono ?? "" }}
        onChange={(event) => onChange({ ...draft, name: event.currentTarget.value })}
      />
      <Versions versions={target.versions} chosen={versionKey} onChoose={onVersion} />
      <ContextField
        trainedFor={target.contextLength}
        value={draft.contextLength}
        onChange={(contextLength) => onChange({ ...draft, contextLength })}
        fit={fit}
      />
      <CountFields draft={draft} onChange={onChange} />
      <UnloadField draft={draft} onChange={onChange} />
    </div>
  );
}

interface VersionsProps {
  versions: readonly VersionChoice[];
  chosen: string | undefined;
  onChoose: (key: string) => void;
}

function Versions({ versions, chosen, onChoose }: VersionsProps) {
  const t = useTranslations("deployments.deploy");
  const format = useFormat();
  const group = useId();
  return (
    <fieldset className={styles.versions}>
      <legend>{t("version")}</legend>
      <div>
        {versions.map((version) => (
          <label key={version.key}>
            <input
              type="radio"
              name={group}
              className="visually-hidden"
              checked={version.key === chosen}
              onChange={() => onChoose(version.key)}
            />
            <span className={styles.quantisation}>{version.quantisation}</span>
            <span>{format.bytes(version.sizeBytes)}</span>
            <span className={styles.aside}>{remark(version)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );

  function remark(version: VersionChoice): string {
    if (version.aiModel?.state === "ready") return t("isHere");
    if (version.aiModel) return t("onItsWay");
    if (version.fit && !version.fit.fits) return t("tooBigHere");
    return version.recommended ? t("recommended") : "";
  }
}

interface ContextFieldProps {
  trainedFor: number | null;
  value: number;
  onChange: (tokens: number) => void;
  fit: NodeFitOut | undefined;
}

/** A slider over doublings: what people choose are 4k, 8k, 16k, not 5 173. */
export function ContextField({ trainedFor, value, onChange, fit }: ContextFieldProps) {
  const t = useTranslations("deployments.deploy");
  const format = useFormat();
  const id = useId();
  const steps = contextSteps(trainedFor);
  const at = nearestStep(steps, value);
  return (
    <div className={styles.field}>
      <span className="row between sm">
        <span className="medium" id={id}>
          {t("context")}
        </span>
        <b className="strong">{t("tokens", { count: format.exact(value) })}</b>
      </span>
      <Slider
        min={0}
        max={Math.max(1, steps.length - 1)}
        step={1}
        value={at}
        disabled={steps.length < 2}
        label={null}
        thumbProps={{ "aria-labelledby": id }}
        thumbValueText={t("tokens", { count: String(value) })}
        onChange={(index) => onChange(steps[index] ?? value)}
        className={styles.slider ?? ""}
      />
      <small className="xs dim">{hint()}</small>
    </div>
  );

  function hint(): string {
    if (!fit) return t("contextHint");
    const size = format.bytes(shares(fit.parts ?? []).context);
    const longest = longestThatFits(steps, value, fit);
    const next = longest === null ? undefined : steps.find((step) => step > longest);
    if (!next || next <= value) return t("contextCosts", { size });
    return t("contextLimit", { size, tokens: formatContext(next), node: fit.node.name });
  }
}

/** How many copies run, and how many requests each of them takes at once. */
export function CountFields({
  draft,
  onChange,
}: {
  draft: Draft;
  onChange: (draft: Draft) => void;
}) {
  const t = useTranslations("deployments.deploy");
  return (
    <div className={styles.pair}>
      <NumberInput
        label={t("replicas")}
        value={draft.replicas}
        min={1}
        max={16}
        clampBehavior="strict"
        allowDecimal={false}
        hideControls
        onChange={(value) => onChange({ ...draft, replicas: Number(value) || 1 })}
      />
      <NumberInput
        label={t("slots")}
        value={draft.slots}
        min={1}
        max={64}
        clampBehavior="strict"
        allowDecimal={false}
        hideControls
        onChange={(value) => onChange({ ...draft, slots: Number(value) || 1 })}
      />
    </div>
  );
}

/** Whether and when it gives its memory back. */
export function UnloadField({
  draft,
  onChange,
}: {
  draft: Draft;
  onChange: (draft: Draft) => void;
}) {
  const t = useTranslations("deployments.deploy");
  return (
    <div className={styles.unload}>
      <Switch
        aria-label={t("unloads")}
        label={t("unloadBefore")}
        checked={draft.unloads}
        onChange={(event) => onChange({ ...draft, unloads: event.currentTarget.checked })}
      />
      <NumberInput
        aria-label={t("unloadMinutes")}
        className={styles.minutes ?? ""}
        value={draft.unloadMinutes}
        min={1}
        max={10_080}
        clampBehavior="strict"
        allowDecimal={false}
        hideControls
        disabled={!draft.unloads}
        onChange={(value) => onChange({ ...draft, unloadMinutes: Number(value) || 1 })}
      />
      <span>{t("unloadAfter")}</span>
    </div>
  );
}
