import { useTranslations } from "use-intl";
import type { AiModelOut, CatalogueEntryOut, CatalogueVersionOut } from "@/api/generated/schema";
import { useMay } from "@/api/session";
import { StateBadge } from "@/components/StateBadge";
import { useFormat } from "@/i18n/useFormat";
import { ButtonLink } from "@/ui/Button";
import { type Column, DataTable, TwoLines } from "@/ui/DataTable";
import { FitWords } from "./FitWords";

interface VersionsProps {
  entry: CatalogueEntryOut;
  copies: readonly AiModelOut[];
}

/** The files of one catalogue entry: how big, whether they fit, whether they are here. */
export function Versions({ entry, copies }: VersionsProps) {
  const t = useTranslations("models");
  const format = useFormat();
  const mayDeploy = useMay("deploy");
  const columns: Column<CatalogueVersionOut>[] = [
    {
      key: "version",
      head: t("column.quantisation"),
      phone: "name",
      cell: (version) => (
        <TwoLines note={version.recommended ? t("page.recommended") : version.file}>
          <b className="name">{version.quantisation || version.name}</b>
        </TwoLines>
      ),
    },
    {
      key: "size",
      head: t("column.size"),
      cell: (version) => {
        const size = format.bytes(version.size_bytes);
        return version.estimated ? t("estimatedSize", { size }) : size;
      },
    },
    {
      key: "fit",
      head: t("column.fit"),
      phone: "number",
      cell: (version) => <FitWords fit={version.fit} />,
    },
    {
      key: "state",
      head: t("column.state"),
      phone: "state",
      cell: (version) => {
        const copy = copies.find((row) => row.id === version.ai_model_id);
        if (!copy) return <span className="dim xs">{t("page.notHere")}</span>;
        return <StateBadge bare state={copy.state} />;
      },
    },
    {
      key: "action",
      head: <span className="visually-hidden">{t("column.action")}</span>,
      align: "right",
      phone: "action",
      cell: (version) =>
        mayDeploy && (
          <ButtonLink
            size="sm"
            to="."
            search={(before) => ({
              ...before,
              dialog: "deploy",
              model: entry.name,
              version: version.name,
            })}
          >
            {t("deploy")}
            <span className="visually-hidden"> {version.name}</span>
          </ButtonLink>
        ),
    },
  ];
  return (
    <DataTable
      label={t("page.versions")}
      columns={columns}
      rows={entry.versions}
      rowKey={(version) => version.name}
    />
  );
}
