import { Checkbox, MultiSelect, Radio, Select, Textarea, TextInput } from "@mantine/core";
import { useTranslations } from "use-intl";
import { useMay, useSession } from "@/api/session";
import { Segments } from "@/ui/Chips";
import { AmountInput } from "./AmountInput";
import styles from "./keys.module.css";
import { LimitFields } from "./LimitFields";
import { fromTexts, PRESET_LIMITS, PRESETS, type Preset, presetOf, toTexts } from "./limits";
import { wrongLine } from "./networks";
import {
  ACCESS,
  endOf,
  type KeyDraft,
  LASTS,
  PRIVACIES,
  SCOPES,
  type Scope,
  WHEN_AWAY,
} from "./newKey";
import { useOwners } from "./queries";

interface FieldsProps {
  draft: KeyDraft;
  onChange: (draft: KeyDraft) => void;
}

/** What most keys need to be told. */
export function KeyFields({
  draft,
  onChange,
  modelNames,
  isMade,
}: FieldsProps & { modelNames: readonly string[]; isMade?: boolean }) {
  const t = useTranslations("keyIssue.newKey");
  const set = (change: Partial<KeyDraft>) => onChange({ ...draft, ...change });
  const accessWords = { every: "everyModel", only: "onlyThese", allBut: "allBut" } as const;

  function choosePreset(preset: Preset) {
    set(preset === "custom" ? { preset } : { preset, limits: toTexts(PRESET_LIMITS[preset]) });
  }

  return (
    <>
      <div className={styles.two}>
        <TextInput
          data-autofocus
          label={t("name")}
          description={t("nameHint")}
          placeholder={t("namePlaceholder")}
          value={draft.name}
          maxLength={100}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        {!isMade && <OwnerSelect draft={draft} onChange={onChange} />}
      </div>
      <div className={styles.field}>
        <span className="sm medium">{t("access")}</span>
        <span>
          <Segments
            label={t("access")}
            value={draft.access}
            choices={ACCESS.map((value) => ({ value, label: t(accessWords[value]) }))}
            onChange={(access) => set({ access })}
          />
        </span>
      </div>
      {draft.access !== "every" && (
        <MultiSelect
          label={t("models")}
          description={t(draft.access === "only" ? "modelsHint" : "deniedHint")}
          placeholder={draft.models.length === 0 ? t("modelsPlaceholder") : ""}
          data={[...modelNames]}
          value={[...draft.models]}
          searchable
          onChange={(models) => set({ models })}
        />
      )}
      <div className={styles.field}>
        <span className="sm medium">{t("preset")}</span>
        <span>
          <Segments
            label={t("preset")}
            value={draft.preset}
            choices={PRESETS.map((value) => ({ value, label: t(`presets.${value}`) }))}
            onChange={choosePreset}
          />
        </span>
        <p className="xs dim">{t(`presetHint.${draft.preset}`)}</p>
      </div>
      {draft.preset !== "none" && (
        <LimitFields
          texts={draft.limits}
          onChange={(limits) => {
            const typed = fromTexts(limits);
            const preset = typed ? presetOf(typed) : "custom";
            set({ limits, preset: preset === "none" ? "custom" : preset });
          }}
        />
      )}
      <LastsField draft={draft} onChange={onChange} />
    </>
  );
}

/** Only who may manage everybody's keys makes one for somebody else. */
function OwnerSelect({ draft, onChange }: FieldsProps) {
  const t = useTranslations("keyIssue.newKey");
  const me = useSession()?.user;
  const owners = useOwners();
  const mayManage = useMay("manage_gateway");
  if (!mayManage || !me || owners.length < 2) return null;
  return (
    <Select
      label={t("owner")}
      description={t("ownerHint")}
      data={owners.map((name) => ({
        value: name,
        label: name === me.username ? t("me", { name }) : name,
      }))}
      value={draft.owner ?? me.username}
      allowDeselect={false}
      searchable={owners.length > 8}
      onChange={(name) => onChange({ ...draft, owner: name === me.username ? null : name })}
    />
  );
}

function LastsField({ draft, onChange }: FieldsProps) {
  const t = useTranslations("keyIssue.newKey");
  const set = (change: Partial<KeyDraft>) => onChange({ ...draft, ...change });
  const now = new Date();
  const isPast = draft.lastDay !== "" && (endOf(draft, now)?.getTime() ?? 0) <= now.getTime();
  return (
    <div className={styles.field}>
      <span className="sm medium">{t("lasts")}</span>
      <span>
        <Segments
          label={t("lasts")}
          value={draft.lasts}
          choices={LASTS.map((value) => ({
            value,
            label:
              value === "never"
                ? t("forever")
                : value === "date"
                  ? t("aDate")
                  : t("days", { days: value }),
          }))}
          onChange={(lasts) => set({ lasts })}
        />
      </span>
      {draft.lasts === "date" && (
        <TextInput
          type="date"
          label={t("lastDay")}
          value={draft.lastDay}
          w={200}
          error={isPast ? t("datePast") : undefined}
          onChange={(event) => set({ lastDay: event.currentTarget.value })}
        />
      )}
    </div>
  );
}

/** What few keys need, folded away. */
export function AdvancedFields({ draft, onChange }: FieldsProps) {
  const t = useTranslations("keyIssue.newKey");
  const mayMeasure = useMay("view_usage");
  const set = (change: Partial<KeyDraft>) => onChange({ ...draft, ...change });
  const wrong = wrongLine(draft.networks);
  return (
    <details className={styles.advanced}>
      <summary>{t("advanced")}</summary>
      <div className="stack">
        <div className={styles.two}>
          <Checkbox.Group
            className={styles.choices ?? ""}
            label={t("scopes")}
            value={[...draft.scopes]}
            onChange={(scopes) => set({ scopes: SCOPES.filter((one) => scopes.includes(one)) })}
          >
            {SCOPES.map((scope: Scope) => (
              <Checkbox
                key={scope}
                value={scope}
                disabled={scope === "metrics" && !mayMeasure && !draft.scopes.includes(scope)}
                label={t(`scope.${scope}`)}
                description={t(`scope.${scope}Hint`)}
              />
            ))}
          </Checkbox.Group>
          <Radio.Group
            className={styles.choices ?? ""}
            label={t("privacy")}
            value={draft.privacy}
            onChange={(value) =>
              set({ privacy: PRIVACIES.find((one) => one === value) ?? "metadata" })
            }
          >
            {PRIVACIES.map((privacy) => (
              <Radio
                key={privacy}
                value={privacy}
                label={t(`privacies.${privacy}`)}
                description={t(`privacies.${privacy}Hint`)}
              />
            ))}
          </Radio.Group>
        </div>
        <div className={styles.two}>
          <Textarea
            label={t("networks")}
            description={t("networksHint")}
            placeholder="192.168.1.0/24"
            autosize
            minRows={1}
            value={draft.networks}
            error={wrong === null ? undefined : t("networkWrong", { line: wrong })}
            onChange={(event) => set({ networks: event.currentTarget.value })}
          />
          <AmountInput
            label={t("maxOutput")}
            description={t("maxOutputHint")}
            value={draft.maxOutput}
            onChange={(maxOutput) => set({ maxOutput })}
          />
        </div>
        <div className={styles.field}>
          <span className="sm medium">{t("whenAway")}</span>
          <span>
            <Segments
              label={t("whenAway")}
              value={draft.whenAway}
              choices={WHEN_AWAY.map((value) => ({ value, label: t(`whenAways.${value}`) }))}
              onChange={(whenAway) => set({ whenAway })}
            />
          </span>
          <p className="xs dim">{t(`whenAwayHint.${draft.whenAway}`)}</p>
        </div>
      </div>
    </details>
  );
}
