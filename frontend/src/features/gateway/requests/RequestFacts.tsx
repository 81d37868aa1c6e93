import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import type { RequestDetailOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { readFallbackReason } from "../causes";
import { Facts } from "../Facts";
import { useCauseWords } from "../useCauseWords";

/** Everything that is known of it besides its times, the unusual things first. */
export function RequestFacts({ request }: { request: RequestDetailOut }) {
  const t = useTranslations("requests.facts");
  const format = useFormat();
  const causes = useCauseWords();
  const fell = readFallbackReason(request.fallback_reason);
  const facts: ([string, ReactNode] | null)[] = [
    fell && [
      t("fellBack"),
      t("fellBackFrom", { cause: causes.short(fell.cause), from: fell.from }),
    ],
    request.capped_to === null
      ? null
      : [t("capped"), t("cappedTo", { tokens: format.exact(request.capped_to) })],
    request.queue_position === null
      ? null
      : [t("queue"), t("queuePlace", { place: String(request.queue_position) })],
    request.error
      ? [
          t("error"),
          <span key="error" className="mono xs">
            {request.error}
          </span>,
        ]
      : null,
    [
      t("key"),
      request.key_id === null ? (
        (request.user ?? "·")
      ) : (
        <Link
          key="key"
          className="link"
          to="/keys/$keyId"
          params={{ keyId: String(request.key_id) }}
          search={{}}
        >
          {request.key ?? t("keyGone")}
        </Link>
      ),
    ],
    request.key_id !== null && request.user ? [t("user"), request.user] : null,
    [t("model"), request.model || "·"],
    request.route ? [t("route"), <RouteLink key="route" name={request.route} />] : null,
    [t("servedBy"), <ServedBy key="served" request={request} />],
    request.node
      ? [
          t("node"),
          <Link
            key="node"
            className="link"
            to="/nodes/$name"
            params={{ name: request.node }}
            search={{}}
          >
            {request.node}
          </Link>,
        ]
      : null,
    [t("tokensIn"), tokensIn(request)],
    [
      t("tokensOut"),
      `${format.exact(request.completion_tokens)}${request.estimated ? ` ${t("estimated")}` : ""}`,
    ],
    [
      t("endpoint"),
      <span key="endpoint" className="mono xs">
        {request.endpoint}
      </span>,
    ],
    [t("streamed"), t(request.streamed ? "yes" : "no")],
    request.address
      ? [
          t("address"),
          <span key="from" className="mono xs">
            {request.address}
          </span>,
        ]
      : null,
  ];

  function tokensIn({ prompt_tokens, cached_tokens }: RequestDetailOut): string {
    const whole = format.exact(prompt_tokens);
    return cached_tokens > 0
      ? t("ofThemCached", { tokens: whole, cached: format.exact(cached_tokens) })
      : whole;
  }

  return <Facts facts={facts.filter((fact) => fact !== null)} />;
}

function RouteLink({ name }: { name: string }) {
  return (
    <Link className="link" to="/routes/$name" params={{ name }} search={{}}>
      {name}
    </Link>
  );
}

function ServedBy({ request }: { request: RequestDetailOut }) {
  if (!request.served_by) return "·";
  if (request.upstream_id === null) return request.served_by;
  return (
    <Link
      className="link"
      to="/upstreams/$upstreamId"
      params={{ upstreamId: String(request.upstream_id) }}
      search={{}}
    >
      {request.served_by}
    </Link>
  );
}
