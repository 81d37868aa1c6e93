import type { ReactNode } from "react";
import { useLocale, useTranslations } from "use-intl";
import type { UpstreamOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { Facts } from "../Facts";
import { sayMilliseconds } from "../milliseconds";
import type { Spoken } from "./draft";

/** What is known of it, as names and values. */
export function UpstreamFacts({ upstream }: { upstream: UpstreamOut }) {
  const t = useTranslations("upstreams.facts");
  const tFields = useTranslations("upstreams.fields");
  const format = useFormat();
  const locale = useLocale();
  const say = (spoken: readonly Spoken[]) =>
    spoken.map((one) => tFields(`spoken.${one}`)).join(", ");
  const speaks = upstream.speaks.length > 0 ? upstream.speaks : upstream.speaks_found;
  const facts: [string, ReactNode][] = [
    [
      t("speaks"),
      speaks.length > 0
        ? `${say(speaks)}${upstream.speaks.length === 0 ? ` ${t("asItSeems")}` : ""}`
        : t("anything"),
    ],
    [t("house"), t(upstream.leaves_house ? "leaves" : "stays")],
    [
      t("context"),
      upstream.context_length === null
        ? t("contextUnknown")
        : t("tokens", { tokens: format.exact(upstream.context_length) }),
    ],
    [t("key"), t(upstream.has_api_key ? "hasKey" : "hasNoKey")],
    [t("latency"), sayMilliseconds(upstream.latency_ms, format.duration, locale)],
    [t("added"), format.day(upstream.created_at)],
  ];
  return <Facts facts={facts} />;
}
