import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { statusOf } from "@/api/errors";
import type { KeyOut, KeyReportOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { Notice } from "@/components/Notice";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { useTick } from "@/components/useTick";
import { useView } from "@/components/useView";
import { useFormat } from "@/i18n/useFormat";
import { endpoint } from "@/lib/endpoint";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CardSkeleton } from "@/ui/Skeleton";
import { KeyFacts } from "./KeyFacts";
import { KeyLimits } from "./KeyLimits";
import { KeyMenu } from "./KeyMenu";
import { KeyUsage } from "./KeyUsage";
import { LastRefusal } from "./LastRefusal";
import { reportQuery } from "./queries";
import { ReachedModels } from "./ReachedModels";
import { RotateDialog } from "./RotateDialog";
import { SetupCards } from "./SetupCards";
import { StandingBadge } from "./StandingBadge";
import { standingOf } from "./standing";
import { TestKeyDialog } from "./TestKeyDialog";

/** The counters move with every request and every minute; an event comes only with requests. */
const LOOK_EVERY_MS = 10_000;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** What may this key do, how much is left of it, and why was it refused? */
export function KeyPage() {
  const t = useTranslations("keys");
  const tGateway = useTranslations("gateway");
  const { keyId = "" } = useParams({ strict: false });
  const query = useQuery({ ...reportQuery(Number(keyId)), refetchInterval: LOOK_EVERY_MS });
  const crumbs = [{ label: tGateway("title") }, { label: t("list.title"), to: "/keys" }];
  if (query.data) return <Page report={query.data} crumbs={crumbs} />;
  if (statusOf(query.error) === 404 || Number.isNaN(Number(keyId))) {
    return (
      <PageFrame
        title={t("page.missing")}
        place={keyId}
        crumbs={crumbs}
        sentence={t("page.missingSentence")}
        actions={
          <ButtonLink to="/keys" search={{}}>
            {t("page.back")}
          </ButtonLink>
        }
      >
        {null}
      </PageFrame>
    );
  }
  return (
    <PageFrame title={t("page.one")} place={keyId} crumbs={crumbs}>
      <QueryView query={query} skeleton={<CardSkeleton lines={6} />}>
        {() => null}
      </QueryView>
    </PageFrame>
  );
}

interface PageProps {
  report: KeyReportOut;
  crumbs: { label: string; to?: string }[];
}

function Page({ report, crumbs }: PageProps) {
  const t = useTranslations("keys.page");
  const format = useFormat();
  const [view, setView] = useView();
  const [rotates, setRotates] = useState(false);
  const now = useTick(MINUTE_MS);
  const { key } = report;
  const isEnded = key.state === "revoked" || key.state === "expired";
  return (
    <PageFrame
      title={key.name}
      place={key.name}
      crumbs={crumbs}
      state={
        <StandingBadge
          apiKey={key}
          standing={standingOf(key, now)}
          isRefused={!report.works && !isEnded && key.scopes.includes("infer")}
        />
      }
      sentence={
        <>
          {t("for", { owner: key.owner })} · <span className="mono">{key.prefix}…</span> ·{" "}
          {key.last_used_at
            ? t("lastUsed", { moment: format.relative(key.last_used_at) })
            : t("neverUsed")}
        </>
      }
      actions={
        <>
          <Button onClick={() => setView({ dialog: "test-key" })}>{t("test")}</Button>
          <Button
            disabledReason={reasonAgainst(key, "rotate_key")}
            onClick={() => setRotates(true)}
          >
            {t("rotate")}
          </Button>
          <KeyMenu row={key} large />
        </>
      }
      notice={
        <>
          <LastRefusal report={report} />
          <Rotating apiKey={key} />
        </>
      }
      aside={
        <>
          <Card title={t("mayDo")} fill="flush">
            <KeyFacts apiKey={key} />
          </Card>
          <ReachedModels models={report.models} />
        </>
      }
    >
      <KeyLimits report={report} />
      <KeyUsage keyId={key.id} />
      {!isEnded && <Setup report={report} />}
      {view.dialog === "test-key" && (
        <TestKeyDialog apiKey={key} onClose={() => setView({ dialog: undefined })} />
      )}
      {rotates && <RotateDialog apiKey={key} onClose={() => setRotates(false)} />}
    </PageFrame>
  );
}

/** Two secrets work: until when, counting down. */
function Rotating({ apiKey }: { apiKey: KeyOut }) {
  const t = useTranslations("keys.rotate");
  const format = useFormat();
  const until = apiKey.state === "rotating" ? apiKey.previous_until : null;
  const end = until ? Date.parse(until) : 0;
  // Each second in the last hour, else each minute.
  const left = end - useTick(end - Date.now() < HOUR_MS ? SECOND_MS : MINUTE_MS, end > 0);
  if (!until || left <= 0) return null;
  return (
    <Notice tone="busy" title={t("running")} corner={t("left", { left: format.duration(left) })}>
      {t("runningUntil", {
        since: format.dateTime(apiKey.rotated_at),
        moment: format.dateTime(until),
      })}
    </Notice>
  );
}

function Setup({ report }: { report: KeyReportOut }) {
  const t = useTranslations("keys.page");
  const models = report.models.filter((model) => model.allowed).map((model) => model.name);
  return (
    <Card title={t("setup")}>
      <div className="stack">
        <p className="xs dim">{t("setupHint", { prefix: report.key.prefix })}</p>
        <SetupCards baseUrl={endpoint()} apiKey={`${report.key.prefix}…`} models={models} />
      </div>
    </Card>
  );
}
