import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { HolderLimitsOut, LimitsBody } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { QueryView } from "@/components/QueryView";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { SearchInput } from "@/ui/SearchInput";
import { TableSkeleton } from "@/ui/Skeleton";
import { LimitEditor } from "./LimitEditor";
import { LimitTable } from "./LimitTable";
import { boundBy } from "./limits";
import { holdersQuery, setHolderLimits } from "./queries";
import { useKeyWords } from "./useKeyWords";
import { useUtcMidnight } from "./useUtcMidnight";

const SEARCHED_FROM = 8;

/** What all keys of the team, and of each person, may use together. */
export function SharedLimits() {
  const t = useTranslations("keyLimits.shared");
  const tLimits = useTranslations("keyLimits");
  const midnight = useUtcMidnight();
  const query = useQuery(holdersQuery);
  const [words, setWords] = useState("");
  return (
    <QueryView query={query} skeleton={<TableSkeleton />}>
      {({ items }) => {
        const people = items.filter((holder) => holder.level === "user");
        const wanted = words.trim().toLocaleLowerCase();
        const shown = people.filter((one) => one.name.toLocaleLowerCase().includes(wanted));
        return (
          <div className="stack">
            <p className="sm soft">
              {t("about")} <span className="dim">{tLimits("utc", { time: midnight })}</span>
            </p>
            {items
              .filter((holder) => holder.level === "team")
              .map((team) => (
                <Holder key={team.id} holder={team} />
              ))}
            {people.length > SEARCHED_FROM && (
              <SearchInput value={words} onChange={setWords} placeholder={t("search")} />
            )}
            {shown.map((person) => (
              <Holder key={person.id} holder={person} />
            ))}
          </div>
        );
      }}
    </QueryView>
  );
}

function Holder({ holder }: { holder: HolderLimitsOut }) {
  const t = useTranslations("keyLimits");
  const format = useFormat();
  const words = useKeyWords();
  const mayManage = useMay("manage_gateway");
  const queryClient = useQueryClient();
  const [edits, setEdits] = useState(false);
  const hasLimits = boundBy(holder.limits).length > 0;
  const change = useMutation({
    mutationFn: (limits: LimitsBody) => setHolderLimits(holder, limits),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ["limits"] });
      void queryClient.invalidateQueries({ queryKey: ["key"] });
      setEdits(false);
    },
  });
  const title = t(`level.${holder.level}`, { name: holder.name });
  return (
    <Card
      title={title}
      note={
        hasLimits
          ? holder.changed_at && t("shared.changed", { moment: format.moment(holder.changed_at) })
          : undefined
      }
      fill="flush"
      actions={
        !edits && (
          <Button
            size="sm"
            aria-label={`${hasLimits ? t("change") : t("add")}: ${title}`}
            disabledReason={mayManage ? null : t("shared.notYours")}
            onClick={() => setEdits(true)}
          >
            {hasLimits ? t("change") : t("add")}
          </Button>
        )
      }
    >
      {edits && (
        <LimitEditor
          limits={holder.limits}
          busy={change.isPending}
          error={change.error}
          onSave={(limits) => change.mutate(limits)}
          onCancel={() => setEdits(false)}
        />
      )}
      {holder.use.length > 0 ? (
        <LimitTable uses={holder.use} label={title} isNamed />
      ) : (
        <p className="sm soft" style={{ padding: "4px 16px 14px" }}>
          {hasLimits ? words.limits(holder.limits) : t("shared.none")}
        </p>
      )}
    </Card>
  );
}
