import { useMemo } from "react";
import { useLocale, useTranslations } from "use-intl";
import { useFormat } from "@/i18n/useFormat";
import { CAUSES } from "../causes";
import { useCauseWords } from "../useCauseWords";
import type { RouteChange } from "./changes";
import { isByRoom, type RouteDocument, sharesOf, takenCauses } from "./draft";

type Target = RouteDocument["targets"][number];

/** Says routes and what changes in them as a person would. */
export function useRouteWords() {
  const t = useTranslations("routes");
  const format = useFormat();
  const causes = useCauseWords();
  const language = useLocale();
  return useMemo(() => {
    const and = new Intl.ListFormat(language, { type: "conjunction" });

    const place = (target: Target) => {
      const name = target.deployment ?? target.upstream ?? "";
      return target.model ? t("words.as", { name, model: target.model }) : name;
    };

    /** "opsling 75 %, away as gpt 25 %" */
    function targets(document: Pick<RouteDocument, "targets">): string {
      const used = document.targets.filter((target) => target.weight > 0);
      const shares = sharesOf(used);
      const byRoom = isByRoom(used);
      return and.format(
        used.map((target, index) =>
          used.length === 1 || byRoom
            ? place(target)
            : t("words.withShare", { place: place(target), share: format.share(shares[index]) }),
        ),
      );
    }

    /** "tiny, when it cannot be reached" for each step. */
    function fallbacks(document: Pick<RouteDocument, "fallbacks">): string[] {
      return document.fallbacks.map((step) =>
        t("words.fallback", { to: step.to, causes: causes.when(step.on) }),
      );
    }

    /** The whole route in a few sentences. `out`: the upstreams outside it may reach. */
    function summary(document: RouteDocument, out: readonly string[]): string {
      if (document.targets.length === 0) return t("words.nowhereYet");
      const used = document.targets.filter((target) => target.weight > 0);
      const names = [document.name || t("words.itsName"), ...document.aliases];
      const left = CAUSES.filter((cause) => !takenCauses(document.fallbacks).includes(cause));
      return [
        used.length === 0
          ? t("words.nowhere", { names: and.format(names) })
          : t("words.goTo", { names: and.format(names), targets: targets(document) }),
        used.length > 1 && isByRoom(used) && t("words.byRoom"),
        document.affinity !== "none" && t(`words.affinity.${document.affinity}`),
        ...document.fallbacks.map((step) =>
          t("words.when", { to: step.to, causes: causes.when(step.on) }),
        ),
        document.fallbacks.length === 0
          ? t("words.noFallback")
          : left.length > 0 && left.length < CAUSES.length && t("words.otherErrors"),
        document.max_output_tokens !== null &&
          t("words.output", { tokens: format.exact(document.max_output_tokens) }),
        document.may_leave_house
          ? out.length > 0
            ? t("words.leaves", { out: and.format(out) })
            : t("words.mayLeave")
          : t("words.stays"),
      ]
        .filter(Boolean)
        .join(" ");
    }

    function change(one: RouteChange): string {
      switch (one.word) {
        case "name":
          return t("changes.name", { from: one.from, to: one.to });
        case "aliasAdded":
        case "aliasRemoved":
          return t(`changes.${one.word}`, { alias: one.alias });
        case "targetAdded":
          return t("changes.targetAdded", {
            place: place(one.target),
            weight: format.count(one.weight),
          });
        case "targetRemoved":
          return t("changes.targetRemoved", { place: place(one.target) });
        case "weight":
          return t("changes.weight", {
            place: place(one.target),
            from: String(one.from),
            to: String(one.to),
            share: format.share(one.share),
          });
        case "order":
          return t("changes.order");
        case "fallbackAdded":
        case "fallbackRemoved":
          return t(`changes.${one.word}`, { causes: causes.when(one.causes), to: one.to });
        case "fallbackMoved":
          return t("changes.fallbackMoved", {
            causes: causes.when(one.causes),
            from: one.from,
            to: one.to,
          });
        case "affinity":
          return t(`changes.affinity.${one.to}`);
        case "house":
          return t(one.may ? "changes.mayLeave" : "changes.mayNotLeave");
        case "maxOutput":
          return one.to === null
            ? t("changes.noOutput")
            : t("changes.output", {
                to: format.exact(one.to),
                from: one.from === null ? t("changes.noLimit") : format.exact(one.from),
              });
      }
    }

    return { targets, fallbacks, summary, change, place };
  }, [t, format, causes, language]);
}
