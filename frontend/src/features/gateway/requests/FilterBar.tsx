import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { keysQuery } from "@/api/fleet";
import { useView } from "@/components/useView";
import { Chips, Segments } from "@/ui/Chips";
import { XIcon } from "@/ui/icons";
import { SearchInput } from "@/ui/SearchInput";
import { OUTCOMES, SPANS, toOutcome, toSpan } from "./filters";
import styles from "./requests.module.css";

/** By outcome, time and words; what a link has narrowed it to can be taken away again. */
export function FilterBar() {
  const t = useTranslations("requests");
  const [view, setView] = useView();
  const keys = useQuery({ ...keysQuery, enabled: view.subject !== undefined }).data?.items ?? [];
  const narrowed = [
    view.subject && {
      word: "subject",
      text: t("only.key", {
        name: keys.find((key) => String(key.id) === view.subject)?.name ?? view.subject,
      }),
    },
    view.model && { word: "model", text: t("only.model", { name: view.model }) },
    view.route && { word: "route", text: t("only.route", { name: view.route }) },
  ].filter((one) => typeof one === "object");
  return (
    <div className="stack tight">
      <div className="row between wrap">
        <Chips
          label={t("column.outcome")}
          value={toOutcome(view.filter)}
          choices={[
            { value: "", label: t("all") },
            ...OUTCOMES.map((value) => ({ value, label: t(`filter.${value}`) })),
          ]}
          onChange={(filter) => setView({ filter: filter || undefined })}
        />
        <div className="row wrap">
          <Segments
            label={t("span")}
            value={toSpan(view.days)}
            choices={SPANS.map((value) => ({ value, label: t(`spans.${value}`) }))}
            onChange={(value) => setView({ days: value === "any" ? undefined : value })}
          />
          <SearchInput
            value={view.q ?? ""}
            onChange={(q) => setView({ q: q || undefined })}
            placeholder={t("search")}
            width={250}
          />
        </div>
      </div>
      {narrowed.length > 0 && (
        <div className="row wrap">
          {narrowed.map(({ word, text }) => (
            <button
              key={word}
              type="button"
              className={styles.only}
              onClick={() => setView({ [word]: undefined })}
            >
              {text}
              <XIcon size={14} />
              <span className="visually-hidden">{t("only.clear")}</span>
            </button>
          ))}
        </div>
      )}
      {view.q && <p className="xs dim">{t("searchHint")}</p>}
    </div>
  );
}
