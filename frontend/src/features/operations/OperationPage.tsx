import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { statusOf } from "@/api/errors";
import { LogViewer } from "@/components/LogViewer";
import { EMPTY_LOG } from "@/components/logBuffer";
import { Notice } from "@/components/Notice";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { useStepTitle } from "@/components/operation/useStepTitle";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useTick } from "@/components/useTick";
import { useView } from "@/components/useView";
import { ButtonLink } from "@/ui/Button";
import { writeToClipboard } from "@/ui/CopyButton";
import { CardSkeleton } from "@/ui/Skeleton";
import { showToast } from "@/ui/toasts";
import { Attempts } from "./Attempts";
import { CancelDialog } from "./CancelDialog";
import { logQuery, type OperationDetail, operationQuery } from "./data";
import { FailedNotice } from "./FailedNotice";
import { OperationActions } from "./OperationActions";
import styles from "./operations.module.css";
import { ProgressCard } from "./ProgressCard";
import { currentStep } from "./progress";
import { StepsCard } from "./StepsCard";
import { withStepNotes } from "./stepNotes";
import { useSentence } from "./useSentence";
import { useStepTime } from "./useStepTime";

export function OperationPage() {
  const t = useTranslations("operations");
  const { operationId } = useParams({ strict: false });
  const query = useQuery(operationQuery(operationId ?? ""));
  if (query.data) return <Operation key={query.data.id} operation={query.data} />;
  if (statusOf(query.error) === 404) {
    return (
      <PageFrame
        title={t("missing.title")}
        place={t("title")}
        sentence={t("missing.sentence")}
        actions={<ButtonLink to="/operations">{t("missing.back")}</ButtonLink>}
      >
        {null}
      </PageFrame>
    );
  }
  return (
    <PageFrame title={t("title")} place={t("title")}>
      <QueryView query={query} skeleton={<CardSkeleton lines={8} />}>
        {() => null}
      </QueryView>
    </PageFrame>
  );
}

function Operation({ operation }: { operation: OperationDetail }) {
  const t = useTranslations("operations");
  const title = useOperationTitle()(operation);
  const isOpen = operation.state === "running" || operation.state === "queued";
  const now = useTick(1000, isOpen);
  const isCancelling = isOpen && Boolean(operation.cancel_requested_at);
  const wasLost = operation.state === "queued" && operation.state_reason !== "";

  return (
    <PageFrame
      fill
      title={title}
      place={title}
      crumbs={[{ label: t("title"), to: "/operations" }]}
      state={<StateBadge state={isCancelling ? "cancelling" : operation.state} />}
      sentence={useSentence(operation)}
      actions={<OperationActions operation={operation} />}
      notice={
        <>
          {operation.state === "failed" && <FailedNotice operation={operation} title={title} />}
          {wasLost && (
            <Notice tone="attention" title={t("lost.title")}>
              {operation.state_reason}
            </Notice>
          )}
        </>
      }
    >
      {operation.state !== "failed" && operation.state !== "cancelled" && (
        <ProgressCard operation={operation} now={now} />
      )}
      <div className={styles.body}>
        <div className={styles.left}>
          <StepsCard operation={operation} now={now} />
          <Attempts operation={operation} />
        </div>
        <OperationLog operation={operation} title={title} />
      </div>
      <CancelDialog operation={operation} title={title} />
    </PageFrame>
  );
}

function OperationLog({ operation, title }: { operation: OperationDetail; title: string }) {
  const t = useTranslations("operations.log");
  const [view, setView] = useView();
  const timeOf = useStepTime();
  const titleOf = useStepTitle(operation.kind);
  const lines = (useQuery(logQuery(operation.id)).data ?? EMPTY_LOG).lines;
  const shown = useMemo(
    () =>
      withStepNotes(lines, operation.steps, {
        done: () => t("done"),
        stopped: () => t("stopped"),
        title: titleOf,
        after: (step) => [timeOf(step, 0), step.detail].filter(Boolean).join(" · "),
      }),
    [lines, operation.steps, t, timeOf, titleOf],
  );
  const chosen = operation.steps.find((step) => step.name === view.step);
  const step = chosen ?? currentStep(operation.steps) ?? operation.steps.at(-1);
  const firstOfStep = chosen && lines.find((line) => line.step === chosen.name)?.sequence;
  const target = view.line ? Number(view.line) : firstOfStep;

  async function linkTo(line: number) {
    setView({ line: String(line) });
    const address = new URL(window.location.href);
    address.searchParams.set("line", String(line));
    await writeToClipboard(address.href);
    showToast({ tone: "good", text: t("linkCopied", { line: String(line) }) });
  }

  return (
    <div className={styles.log}>
      <LogViewer
        lines={shown}
        note={step && t("note", { step: String(step.position), title: titleOf(step) })}
        fileName={title.toLowerCase().replace(/[^\p{L}\d.]+/gu, "-")}
        targetLine={target}
        onLinkLine={(line) => void linkTo(line)}
      />
    </div>
  );
}
