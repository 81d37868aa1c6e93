import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { aiModelQuery, aiModelsQuery, catalogueQuery } from "@/api/aiModels";
import type { AiModelOut, CatalogueEntryOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { reasonAgainst } from "@/components/allowed";
import { Empty } from "@/components/Empty";
import { Notice } from "@/components/Notice";
import { PageFrame } from "@/components/PageFrame";
import { QueryView } from "@/components/QueryView";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { bestVersion } from "./catalogue";
import { FileFacts } from "./FileFacts";
import { LicenceCard } from "./LicenceCard";
import { ModelMenu } from "./ModelMenu";
import { useFetchAgain } from "./useFetchAgain";
import { useTaskWord } from "./useTaskWord";
import { Versions } from "./Versions";

/** One model: its versions, files, licence, and what serves it. */
export function ModelPage() {
  const { name = "" } = useParams({ strict: false });
  const catalogue = useQuery(catalogueQuery);
  const aiModels = useQuery(aiModelsQuery);
  return (
    <QueryView query={catalogue}>
      {(shipped) => (
        <QueryView query={aiModels}>
          {(own) => <Found name={name} entries={shipped.items} aiModels={own.items} />}
        </QueryView>
      )}
    </QueryView>
  );
}

interface FoundProps {
  name: string;
  entries: readonly CatalogueEntryOut[];
  aiModels: readonly AiModelOut[];
}

function Found({ name, entries, aiModels }: FoundProps) {
  const t = useTranslations("models");
  const named = aiModels.find((row) => row.name === name || String(row.id) === name);
  const wanted = named?.catalogue_name || name;
  const entry = entries.find((each) => each.name === wanted || each.title === wanted);
  if (!entry && !named) {
    return (
      <PageFrame title={t("title")} place={name} crumbs={[{ label: t("title"), to: "/models" }]}>
        <Empty action={<ButtonLink to="/models">{t("page.toCatalogue")}</ButtonLink>}>
          {t("page.notFound", { name })}
        </Empty>
      </PageFrame>
    );
  }
  const ids = new Set(entry?.versions.map((version) => version.ai_model_id) ?? []);
  const copies = aiModels.filter((row) => row === named || ids.has(row.id));
  const best = entry && bestVersion(entry.versions);
  const shown = named ?? copies.find((row) => row.id === best?.ai_model_id) ?? copies[0];
  return <Page entry={entry} aiModel={shown} copies={copies} />;
}

interface PageProps {
  entry: CatalogueEntryOut | undefined;
  aiModel: AiModelOut | undefined;
  copies: readonly AiModelOut[];
}

function Page({ entry, aiModel, copies }: PageProps) {
  const t = useTranslations("models");
  const format = useFormat();
  const word = useTaskWord();
  const mayDeploy = useMay("deploy");
  const title = entry?.title ?? aiModel?.name ?? "";
  const parameters = entry?.parameter_count ?? aiModel?.parameter_count;
  const about = [
    (entry?.tasks ?? (aiModel ? [aiModel.task] : [])).map((task) => word(task)).join(", "),
    parameters && format.parameters(parameters),
  ];
  return (
    <PageFrame
      title={title}
      place={title}
      crumbs={[{ label: t("title"), to: "/models" }]}
      state={aiModel && <StateBadge state={aiModel.state} />}
      tag={about.filter(Boolean).join(" · ")}
      sentence={entry?.summary}
      notice={<Notices entry={entry} aiModel={aiModel} />}
      actions={
        <>
          {mayDeploy && (entry || aiModel?.state !== "failed") && (
            <ButtonLink
              kind="go"
              to="."
              search={(before) => ({
                ...before,
                dialog: "deploy",
                model: entry?.name ?? aiModel?.name,
              })}
            >
              {t("deploy")}
            </ButtonLink>
          )}
          {aiModel && <ModelMenu aiModel={aiModel} title={title} large />}
        </>
      }
      aside={
        <>
          <LicenceCard entry={entry} aiModel={aiModel} />
          <Serving copies={copies} />
        </>
      }
    >
      {entry && <Versions entry={entry} copies={copies} />}
      {aiModel?.sha256 && <Facts aiModel={aiModel} />}
    </PageFrame>
  );
}

function Notices({ entry, aiModel }: Omit<PageProps, "copies">) {
  const t = useTranslations("models.page");
  return (
    <>
      {aiModel?.state === "failed" && <Failed aiModel={aiModel} />}
      {entry?.caveat && (
        <Notice tone="attention" title={t("caveat")}>
          {entry.caveat}
        </Notice>
      )}
    </>
  );
}

function Failed({ aiModel }: { aiModel: AiModelOut }) {
  const t = useTranslations("models.page");
  const format = useFormat();
  const fetchAgain = useFetchAgain(aiModel);
  return (
    <Notice
      tone="bad"
      title={t("failed")}
      corner={format.relative(aiModel.state_since)}
      actions={
        <>
          <Button
            size="sm"
            kind="go"
            title={t("retryHint")}
            busy={fetchAgain.isPending}
            disabledReason={reasonAgainst(aiModel, "fetch_ai_model")}
            onClick={() => fetchAgain.mutate()}
          >
            {t("fetchAgain")}
          </Button>
          <ButtonLink size="sm" to="/operations" search={{ subject: "ai_model" }}>
            {t("operation")}
          </ButtonLink>
        </>
      }
    >
      {aiModel.state_reason}
    </Notice>
  );
}

function Facts({ aiModel }: { aiModel: AiModelOut }) {
  const query = useQuery(aiModelQuery(aiModel.id));
  return <QueryView query={query}>{(detail) => <FileFacts aiModel={detail} />}</QueryView>;
}

function Serving({ copies }: { copies: readonly AiModelOut[] }) {
  const t = useTranslations("models.page");
  const names = copies.flatMap((copy) => copy.deployment_names ?? []);
  return (
    <Card title={t("deployments")} fill="flush">
      {names.length === 0 ? (
        <p className="sm dim" style={{ padding: "10px 16px 14px" }}>
          {t("noDeployments")}
        </p>
      ) : (
        <div className="list" style={{ marginTop: 6 }}>
          {names.map((name) => (
            <Link key={name} to="/deployments/$name" params={{ name }} className="name">
              {name}
            </Link>
          ))}
        </div>
      )}
    </Card>
  );
}
