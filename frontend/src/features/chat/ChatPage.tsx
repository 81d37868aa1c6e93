import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import { deploymentsQuery } from "@/api/fleet";
import { listKey } from "@/api/keys";
import { useMay } from "@/api/session";
import { fetchModelNames } from "@/api/traffic";
import { Empty } from "@/components/Empty";
import { PageFrame } from "@/components/PageFrame";
import { ProblemNotice } from "@/components/ProblemNotice";
import { useView } from "@/components/useView";
import { Button, ButtonLink, IconButton } from "@/ui/Button";
import { CodeIcon, PencilIcon, SettingsIcon } from "@/ui/icons";
import styles from "./Chat.module.css";
import { Composer } from "./Composer";
import { countChanged, NO_PARAMETERS } from "./conversation";
import { Messages } from "./Messages";
import { useChat } from "./useChat";

const ParametersPanel = lazy(() => import("./ParametersPanel"));
const CodeDialog = lazy(() => import("./CodeDialog"));

/** Talk to a model, see how fast it is, take it away as code. */
export function ChatPage() {
  const t = useTranslations("chat");
  const [view, setView] = useView();
  const mayDeploy = useMay("deploy");
  const names = useQuery({
    queryKey: listKey("deployment", "names"),
    queryFn: ({ signal }) => fetchModelNames(signal),
  });
  const deployments = useQuery(deploymentsQuery).data?.items ?? [];
  const [parameters, setParameters] = useState(NO_PARAMETERS);
  const model = view.model ?? firstChoice(names.data ?? [], deployments);
  const chat = useChat(model, parameters);
  const isAsleep = deployments.some((one) => one.name === model && one.state === "asleep");
  const changed = countChanged(parameters);

  if (names.isSuccess && names.data.length === 0) {
    return (
      <PageFrame title={t("title")} place={t("title")}>
        <Empty
          action={
            mayDeploy && (
              <ButtonLink kind="go" to="/models">
                {t("noModelAction")}
              </ButtonLink>
            )
          }
        >
          {t("noModel")}
        </Empty>
      </PageFrame>
    );
  }

  return (
    <PageFrame
      fill
      title={t("title")}
      place={t("title")}
      sentence={t("sentence")}
      actions={
        <>
          <Select
            aria-label={t("model")}
            className={styles.picker ?? ""}
            data={names.data ?? (model ? [model] : [])}
            value={model || null}
            searchable={(names.data?.length ?? 0) > 7}
            onChange={(value) => setView({ model: value ?? undefined })}
          />
          <Button icon={SettingsIcon} onClick={() => setView({ dialog: "parameters" })}>
            {changed > 0 ? t("parametersSet", { count: String(changed) }) : t("parameters")}
          </Button>
          <IconButton
            kind="plain"
            size="md"
            icon={CodeIcon}
            label={t("showCode")}
            onClick={() => setView({ dialog: "code" })}
          />
          <IconButton
            kind="plain"
            size="md"
            icon={PencilIcon}
            label={t("clear")}
            onClick={chat.clear}
          />
        </>
      }
      notice={
        names.isError && <ProblemNotice error={names.error} onRetry={() => names.refetch()} />
      }
    >
      <div className={styles.chat}>
        <Messages
          messages={chat.messages}
          isBusy={chat.isBusy}
          isAsleep={isAsleep}
          onAgain={chat.again}
          onSuggest={chat.send}
        />
        <Composer model={model} isBusy={chat.isBusy} onSend={chat.send} onStop={chat.stop} />
      </div>
      <Suspense>
        {view.dialog === "parameters" && (
          <ParametersPanel
            parameters={parameters}
            onChange={setParameters}
            onClose={() => setView({ dialog: undefined })}
          />
        )}
        {view.dialog === "code" && (
          <CodeDialog
            model={model}
            messages={chat.messages}
            parameters={parameters}
            onClose={() => setView({ dialog: undefined })}
          />
        )}
      </Suspense>
    </PageFrame>
  );
}

/** A model that is awake before one that sleeps. */
function firstChoice(
  names: readonly string[],
  deployments: readonly { name: string; state: string }[],
): string {
  const ready = deployments.find((one) => one.state === "ready" && names.includes(one.name));
  return ready?.name ?? names[0] ?? "";
}
