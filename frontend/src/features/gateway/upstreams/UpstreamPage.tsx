import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { statusOf } from "@/api/errors";
import type { UpstreamOut } from "@/api/generated/schema";
import { reasonAgainst } from "@/components/allowed";
import { Notice } from "@/components/Notice";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { useTick } from "@/components/useTick";
import { useFormat } from "@/i18n/useFormat";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { PencilIcon, RetryIcon } from "@/ui/icons";
import { CardSkeleton } from "@/ui/Skeleton";
import { ChangeUpstreamDialog } from "./ChangeUpstreamDialog";
import { Probes } from "./Probes";
import { sentThereQuery, upstreamQuery } from "./queries";
import { UpstreamFacts } from "./UpstreamFacts";
import { UpstreamMenu } from "./UpstreamMenu";
import { HouseTag, UpstreamState } from "./UpstreamState";
import { UsedBy } from "./upstreamColumns";
import styles from "./upstreams.module.css";
import { useProbe } from "./useUpstreamDeeds";

const MINUTE_MS = 60_000;

/** Does this server answer, with which models, how fast, and who is sent there? */
export function UpstreamPage() {
  const t = useTranslations("upstreams");
  const tGateway = useTranslations("gateway");
  const { upstreamId = "" } = useParams({ strict: false });
  const query = useQuery(upstreamQuery(Number(upstreamId)));
  const crumbs = [{ label: tGateway("title") }, { label: t("title"), to: "/upstreams" }];
  if (query.data) return <Page upstream={query.data} crumbs={crumbs} />;
  if (statusOf(query.error) === 404 || Number.isNaN(Number(upstreamId))) {
    return (
      <PageFrame
        title={t("page.missing")}
        place={upstreamId}
        crumbs={crumbs}
        sentence={t("page.missingSentence")}
        actions={
          <ButtonLink to="/upstreams" search={{}}>
            {t("page.back")}
          </ButtonLink>
        }
      >
        {null}
      </PageFrame>
    );
  }
  return (
    <PageFrame title={t("page.one")} place={upstreamId} crumbs={crumbs}>
      <QueryView query={query} skeleton={<CardSkeleton lines={6} />}>
        {() => null}
      </QueryView>
    </PageFrame>
  );
}

interface PageProps {
  upstream: UpstreamOut;
  crumbs: { label: string; to?: string }[];
}

function Page({ upstream, crumbs }: PageProps) {
  const t = useTranslations("upstreams.page");
  const [changes, setChanges] = useState(false);
  const probe = useProbe(upstream);
  return (
    <PageFrame
      title={upstream.name}
      place={upstream.name}
      crumbs={crumbs}
      state={
        <>
          <UpstreamState row={upstream} />
          <HouseTag leaves={upstream.leaves_house} />
        </>
      }
      sentence={<span className="mono break">{upstream.base_url}</span>}
      actions={
        <>
          <Button
            icon={PencilIcon}
            disabledReason={reasonAgainst(upstream, "change_upstream")}
            onClick={() => setChanges(true)}
          >
            {t("change")}
          </Button>
          <Button
            icon={RetryIcon}
            busy={probe.isPending}
            disabledReason={reasonAgainst(upstream, "probe_upstream")}
            onClick={() => probe.mutate()}
          >
            {t("probe")}
          </Button>
          <UpstreamMenu row={upstream} large />
        </>
      }
      notice={<Trouble upstream={upstream} />}
      aside={
        <>
          <Card title={t("facts")} fill="flush">
            <UpstreamFacts upstream={upstream} />
          </Card>
          <Card title={t("usedBy")}>
            <p className="sm">
              <UsedBy names={upstream.used_by} all />
            </p>
            {upstream.used_by.length === 0 && <NextStep />}
          </Card>
          <SentThere name={upstream.name} />
        </>
      }
    >
      <Models upstream={upstream} />
      <Probes upstream={upstream} />
      {changes && <ChangeUpstreamDialog upstream={upstream} onClose={() => setChanges(false)} />}
    </PageFrame>
  );
}

/** Why it is passed over, or does not answer, and what happens by itself. */
function Trouble({ upstream }: { upstream: UpstreamOut }) {
  const t = useTranslations("upstreams.page");
  const format = useFormat();
  useTick(1000, upstream.circuits.length > 0);
  return (
    <>
      {upstream.circuits.map((circuit) => (
        <Notice
          key={circuit.process}
          tone={circuit.state === "open" ? "bad" : "attention"}
          title={t(circuit.state === "open" ? "open" : "halfOpen")}
          corner={format.relative(circuit.since)}
        >
          <p>
            {t("because", { reason: circuit.reason })}{" "}
            {circuit.probe_at && t("nextLook", { when: format.relative(circuit.probe_at) })}
          </p>
        </Notice>
      ))}
      {upstream.state === "unreachable" && (
        <Notice tone="bad" title={t("silent")} corner={format.relative(upstream.state_since)}>
          <p>{upstream.state_reason}</p>
          <p>{t("silentNext")}</p>
        </Notice>
      )}
    </>
  );
}

function NextStep() {
  const t = useTranslations("upstreams.page");
  return (
    <p className="sm soft">
      {t("unusedHint")}{" "}
      <ButtonLink size="sm" to="/routes" search={{ dialog: "new-route" }}>
        {t("newRoute")}
      </ButtonLink>
    </p>
  );
}

function Models({ upstream }: { upstream: UpstreamOut }) {
  const t = useTranslations("upstreams.page");
  const format = useFormat();
  return (
    <Card
      title={t("models", { count: upstream.models.length })}
      note={upstream.probed_at ? t("asOf", { moment: format.relative(upstream.probed_at) }) : ""}
    >
      {upstream.models.length === 0 ? (
        <p className="sm dim">
          {t(
            upstream.probed_at === null
              ? "notProbed"
              : upstream.state === "reachable"
                ? "noModels"
                : "neverAnswered",
          )}
        </p>
      ) : (
        <ul className={styles.modelList}>
          {upstream.models.map((model) => (
            <li key={model} className="mono xs">
              {model}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function SentThere({ name }: { name: string }) {
  const t = useTranslations("upstreams.page");
  const format = useFormat();
  const total = useQuery(sentThereQuery(name, useTick(MINUTE_MS))).data;
  return (
    <Card
      title={t("sent")}
      actions={
        <ButtonLink size="sm" kind="ghost" to="/requests" search={{ q: name }}>
          {t("requests")}
        </ButtonLink>
      }
    >
      {!total || total.requests === 0 ? (
        <p className="sm dim">{t("nothingSent")}</p>
      ) : (
        <dl className="kv">
          <dt>{t("count")}</dt>
          <dd>{format.exact(total.requests)}</dd>
          <dt>{t("failed")}</dt>
          <dd>{format.exact(total.failed)}</dd>
          <dt>{t("tokens")}</dt>
          <dd>{format.shortCount(total.prompt_tokens + total.completion_tokens)}</dd>
          <dt>{t("firstToken")}</dt>
          <dd>{format.duration(total.first_byte_ms)}</dd>
        </dl>
      )}
    </Card>
  );
}
