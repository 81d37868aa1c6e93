import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { NoticeOut } from "@/api/generated/schema";
import { useTick } from "@/components/useTick";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink, IconButton } from "@/ui/Button";
import { XIcon } from "@/ui/icons";
import { Mark } from "@/ui/Mark";
import styles from "./keys.module.css";
import { current, readSeen, rememberSeen } from "./notices";
import { noticesQuery } from "./queries";

const SHOWN = 2;
const MINUTE_MS = 60_000;

/** Budgets that are nearly or wholly used up: one quiet line each, until its window is over. */
export function LimitNotices() {
  const now = useTick(MINUTE_MS);
  const [seen, setSeen] = useState(readSeen);
  const notices = useQuery({ ...noticesQuery, retry: false }).data?.items ?? [];
  const shown = current(notices, now).filter((notice) => !seen.includes(notice.id));
  return shown
    .slice(0, SHOWN)
    .map((notice) => (
      <LimitNotice
        key={notice.id}
        notice={notice}
        onClose={() => setSeen(rememberSeen(seen, notice.id))}
      />
    ));
}

function LimitNotice({ notice, onClose }: { notice: NoticeOut; onClose: () => void }) {
  const t = useTranslations("keyLimits.notice");
  const tLimits = useTranslations("keyLimits");
  const format = useFormat();
  const isKey = notice.level === "key";
  const words = t(notice.percent >= 100 ? "usedUp" : "nearly", {
    holder: isKey ? notice.holder : tLimits(`level.${notice.level}`, { name: notice.holder }),
    share: format.share(notice.percent / 100),
    limit: notice.limit === null ? "·" : format.amount(notice.limit),
    window: notice.window === "tokens_per_month" ? "month" : "day",
  });
  const tone = notice.percent >= 100 ? "bad" : "attention";
  return (
    <section className={`state ${styles.noticeLine}`} data-tone={tone} role="status">
      <Mark tone={tone} size={11} />
      <span className="grow break">
        {words} <span className="dim">{format.relative(notice.at)}</span>
      </span>
      <ButtonLink
        size="sm"
        to={isKey ? "/keys/$keyId" : "/keys"}
        {...(isKey ? { params: { keyId: String(notice.holder_id) } } : {})}
        search={isKey ? {} : { tab: "limits" }}
      >
        {notice.percent >= 100 ? t("raise") : t("look")}
      </ButtonLink>
      <IconButton icon={XIcon} label={t("dismiss", { name: notice.holder })} onClick={onClose} />
    </section>
  );
}
