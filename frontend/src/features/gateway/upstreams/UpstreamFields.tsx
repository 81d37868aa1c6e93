import { Checkbox, PasswordInput, Switch, TextInput } from "@mantine/core";
import { useTranslations } from "use-intl";
import type { UpstreamOut } from "@/api/generated/schema";
import { isAddress } from "./address";
import { contextOf, leavesOf, SPOKEN, type UpstreamDraft } from "./draft";
import styles from "./upstreams.module.css";

interface UpstreamFieldsProps {
  draft: UpstreamDraft;
  onChange: (draft: UpstreamDraft) => void;
  /** The address to show as an example. */
  example?: string;
  asksForKey?: boolean;
  stored?: UpstreamOut;
}

/** What is known of an upstream, the same when it is added and when it is changed. */
export function UpstreamFields({
  draft,
  onChange,
  example = "",
  asksForKey,
  stored,
}: UpstreamFieldsProps) {
  const t = useTranslations("upstreams.fields");
  const leaves = leavesOf(draft);
  const isTyped = draft.address.trim().length > 8;
  const set = (change: Partial<UpstreamDraft>) => onChange({ ...draft, ...change });
  return (
    <div className="stack">
      <TextInput
        data-autofocus
        label={t("name")}
        description={t("nameHint")}
        value={draft.name}
        maxLength={100}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <TextInput
        type="url"
        label={t("address")}
        description={t("addressHint")}
        placeholder={example}
        value={draft.address}
        error={isTyped && !isAddress(draft.address) ? t("addressWrong") : undefined}
        onChange={(event) => set({ address: event.currentTarget.value })}
      />
      <PasswordInput
        autoComplete="off"
        label={asksForKey ? t("key") : t("keyIfAny")}
        description={stored?.has_api_key ? t("keyStored") : t("keyHint")}
        disabled={draft.withoutKey}
        value={draft.key}
        onChange={(event) => set({ key: event.currentTarget.value })}
      />
      {stored?.has_api_key && (
        <Checkbox
          label={t("withoutKey")}
          checked={draft.withoutKey}
          onChange={(event) => set({ withoutKey: event.currentTarget.checked, key: "" })}
        />
      )}
      <div className={styles.house} data-leaves={leaves || undefined}>
        <Switch
          label={t("leaves")}
          checked={leaves}
          onChange={(event) => set({ leaves: event.currentTarget.checked })}
        />
        <p className="xs soft">{leaves ? t("leavesHint") : t("staysHint")}</p>
      </div>
      <details className={styles.advanced}>
        <summary>{t("advanced")}</summary>
        <div className="stack">
          <TextInput
            inputMode="numeric"
            label={t("context")}
            description={t("contextHint")}
            value={draft.context}
            error={contextOf(draft.context) === undefined ? t("contextWrong") : undefined}
            onChange={(event) => set({ context: event.currentTarget.value })}
          />
          <fieldset className={styles.speaks}>
            <legend>{t("speaks")}</legend>
            <p className="xs dim">{t("speaksHint")}</p>
            <div className={styles.boxes}>
              {SPOKEN.map((one) => (
                <Checkbox
                  key={one}
                  label={t(`spoken.${one}`)}
                  checked={draft.speaks.includes(one)}
                  onChange={(event) =>
                    set({
                      speaks: event.currentTarget.checked
                        ? [...draft.speaks, one]
                        : draft.speaks.filter((each) => each !== one),
                    })
                  }
                />
              ))}
            </div>
          </fieldset>
        </div>
      </details>
    </div>
  );
}
