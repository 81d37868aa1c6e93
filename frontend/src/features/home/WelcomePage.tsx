import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { deploymentsQuery, keysQuery, nodesQuery } from "@/api/fleet";
import { PageFrame } from "@/components/PageFrame";
import { useFormat } from "@/i18n/useFormat";
import { noteWelcomeSeen } from "@/lib/welcome";
import { ButtonLink } from "@/ui/Button";
import { FirstToken } from "./FirstToken";
import { useFirstToken } from "./useFirstToken";
import { WelcomeStep } from "./WelcomeStep";

/** From an empty machine to a program that uses it: five ticks. */
export function WelcomePage() {
  const t = useTranslations("home.welcome");
  useEffect(noteWelcomeSeen, []);
  const format = useFormat();
  const machine = useQuery(nodesQuery).data?.items.find((node) => node.is_control_plane);
  const deployments = useQuery(deploymentsQuery).data?.items ?? [];
  const keys = useQuery(keysQuery).data?.items ?? [];
  const answering = deployments.filter((one) => one.state === "ready");
  const [bundled] = [...answering].sort((one, other) => one.id - other.id);
  const chosen = answering.find((one) => one.id !== bundled?.id);
  const token = useFirstToken(bundled?.name);
  const working = keys.filter((key) => key.state === "active");
  const lastUse = working
    .map((key) => key.last_used_at ?? "")
    .sort()
    .at(-1);
  const done = [
    machine?.state === "ready",
    token.hasAnswered,
    chosen !== undefined,
    working.length > 0,
    Boolean(lastUse),
  ];
  const left = done.filter((one) => !one).length;

  return (
    <PageFrame
      title={t("title")}
      place={t("place")}
      sentence={left === 0 ? t("allDone") : t("left", { count: left })}
      actions={
        <ButtonLink to="/" kind={left === 0 ? "go" : "plain"}>
          {t("leave")}
        </ButtonLink>
      }
    >
      <ol className="stack" style={{ maxWidth: 820, listStyle: "none" }}>
        <WelcomeStep
          number={1}
          isDone={done[0]}
          title={t("machine.title")}
          detail={
            machine?.hardware
              ? t("machine.detail", { hardware: machine.hardware })
              : t("machine.open")
          }
        />
        <WelcomeStep
          number={2}
          isDone={done[1]}
          title={t("token.title")}
          detail={bundled ? t("token.detail") : t("token.waiting")}
        >
          {bundled && <FirstToken model={bundled.name} token={token} />}
        </WelcomeStep>
        <WelcomeStep
          number={3}
          isDone={done[2]}
          title={t("model.title")}
          detail={chosen ? t("model.done", { name: chosen.name }) : t("model.detail")}
          action={
            <ButtonLink to="/models" kind={done[1] && !done[2] ? "go" : "plain"} size="sm">
              {t("model.open")}
            </ButtonLink>
          }
        />
        <WelcomeStep
          number={4}
          isDone={done[3]}
          title={t("key.title")}
          detail={done[3] ? t("key.done", { count: working.length }) : t("key.detail")}
          action={
            <ButtonLink to="/keys" search={{ dialog: "new-key" }} size="sm">
              {t("key.open")}
            </ButtonLink>
          }
        />
        <WelcomeStep
          number={5}
          isDone={done[4]}
          title={t("request.title")}
          detail={
            lastUse ? t("request.done", { moment: format.relative(lastUse) }) : t("request.detail")
          }
        />
      </ol>
    </PageFrame>
  );
}
