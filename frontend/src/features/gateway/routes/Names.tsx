import { TagsInput, TextInput } from "@mantine/core";
import { useTranslations } from "use-intl";
import { isRouteName, type RouteDraft } from "./draft";

interface NamesProps {
  draft: RouteDraft;
  onChange: (change: Partial<RouteDraft>) => void;
  disabled: boolean;
}

/** What clients may ask for to get here. */
export function Names({ draft, onChange, disabled }: NamesProps) {
  const t = useTranslations("routes.names");
  const tProblem = useTranslations("routes.problem");
  return (
    <div className="stack">
      <TextInput
        label={t("name")}
        description={t("nameHint")}
        value={draft.name}
        disabled={disabled}
        error={isRouteName(draft.name) ? undefined : tProblem("noName")}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
      />
      <TagsInput
        label={t("aliases")}
        description={t("aliasesHint")}
        placeholder={draft.aliases.length === 0 ? "gpt-4o-mini" : ""}
        value={[...draft.aliases]}
        maxTags={20}
        disabled={disabled}
        splitChars={[",", " "]}
        error={draft.aliases.every(isRouteName) ? undefined : tProblem("alias")}
        onChange={(aliases) => onChange({ aliases })}
      />
    </div>
  );
}
