import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { statusOf } from "@/api/errors";
import type { RequestDetailOut } from "@/api/generated/schema";
import { Because, Notice } from "@/components/Notice";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CopyButton } from "@/ui/CopyButton";
import { CardSkeleton } from "@/ui/Skeleton";
import { readFallbackReason } from "../causes";
import { Trace } from "../Trace";
import { useCauseWords } from "../useCauseWords";
import { Outcome } from "./Outcome";
import { requestQuery, requestWhyQuery } from "./queries";
import { RequestFacts } from "./RequestFacts";
import { Waterfall } from "./Waterfall";
import { Words } from "./Words";

const SLOW_MS = 5000;

/** Where did the time of one request go, what was tried, and why did it end as it did? */
export function RequestPage() {
  const t = useTranslations("requests");
  const tGateway = useTranslations("gateway");
  const { requestId = "" } = useParams({ strict: false });
  const query = useQuery(requestQuery(requestId));
  const crumbs = [{ label: tGateway("title") }, { label: t("title"), to: "/requests" }];
  if (query.data) return <Page request={query.data} crumbs={crumbs} />;
  if ([404, 422].includes(statusOf(query.error) ?? 0)) {
    return (
      <PageFrame
        title={t("page.missing")}
        place={requestId}
        crumbs={crumbs}
        sentence={t("page.missingSentence")}
        actions={
          <ButtonLink to="/requests" search={{}}>
            {t("page.back")}
          </ButtonLink>
        }
      >
        {null}
      </PageFrame>
    );
  }
  return (
    <PageFrame title={t("page.one")} place={requestId} crumbs={crumbs}>
      <QueryView query={query} skeleton={<CardSkeleton lines={6} />}>
        {() => null}
      </QueryView>
    </PageFrame>
  );
}

interface PageProps {
  request: RequestDetailOut;
  crumbs: { label: string; to?: string }[];
}

function Page({ request, crumbs }: PageProps) {
  const t = useTranslations("requests");
  const sentence = useSentence(request);
  return (
    <PageFrame
      title={request.model || t("noModel")}
      place={request.id.slice(-12)}
      crumbs={crumbs}
      state={<Outcome request={request} />}
      sentence={sentence}
      actions={
        <span className="row xs dim">
          <span className="mono desk">{request.id}</span>
          <CopyButton text={request.id} label={t("page.copyId")} />
        </span>
      }
      notice={<WhyNotice request={request} />}
      aside={
        <Card title={t("page.facts")} fill="flush">
          <RequestFacts request={request} />
        </Card>
      }
    >
      <Card title={t("page.waterfall")}>
        <Waterfall request={request} />
      </Card>
      <Card title={t("page.trace")}>
        {request.trace.length > 0 ? (
          <Trace decisions={request.trace} />
        ) : (
          <p className="sm soft">
            {request.served_by
              ? t("page.straight", { target: request.served_by })
              : t("page.nowhere")}
          </p>
        )}
      </Card>
      <Words request={request} />
    </PageFrame>
  );
}

function useSentence(request: RequestDetailOut): string {
  const t = useTranslations("requests.page");
  const format = useFormat();
  const causes = useCauseWords();
  const fell = readFallbackReason(request.fallback_reason);
  const parts = [
    t("came", {
      moment: format.dateTime(request.at),
      who: request.key ?? request.user ?? t("somebody"),
    }),
    request.served_by ? t("answeredBy", { target: request.served_by }) : "",
    request.first_byte_ms > 0 && request.streamed
      ? t("firstAfter", { time: format.duration(request.first_byte_ms) })
      : "",
    request.tokens_per_second === null ? "" : format.speed(request.tokens_per_second),
    fell ? t("fellBack", { cause: causes.short(fell.cause) }) : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

/** For what did not go as planned: the cause, what shows it, and what comes by itself. */
function WhyNotice({ request }: { request: RequestDetailOut }) {
  const t = useTranslations("requests.page");
  const format = useFormat();
  const isBad = request.status >= 400 || request.error !== "";
  const isUnusual =
    isBad ||
    request.fallback_reason !== "" ||
    request.capped_to !== null ||
    request.queue_position !== null ||
    request.first_byte_ms >= SLOW_MS;
  const why = useQuery({ ...requestWhyQuery(request.id), enabled: isUnusual }).data;
  if (!isUnusual || !why) return null;
  return (
    <Notice
      tone={request.status >= 500 ? "bad" : "attention"}
      title={isBad ? why.cause : t("unusual")}
      corner={request.error && <span className="mono desk">{request.error}</span>}
    >
      {why.next?.text && <p>{why.next.text}</p>}
      <Because
        lines={why.evidence.map((line, index) => ({
          key: String(index),
          at: line.at ? format.clock(line.at) : "",
          text: line.text,
        }))}
      />
    </Notice>
  );
}
