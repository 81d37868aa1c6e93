import { useTranslations } from "use-intl";
import type { AiModelOut, CatalogueEntryOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";

interface LicenceCardProps {
  entry: CatalogueEntryOut | undefined;
  aiModel: AiModelOut | undefined;
}

/** Under which terms it comes, whether they were accepted, and who made it. */
export function LicenceCard({ entry, aiModel }: LicenceCardProps) {
  const t = useTranslations("models.page");
  const tModels = useTranslations("models");
  const format = useFormat();
  const licence = entry?.licence;
  const name = licence?.name || aiModel?.licence;
  const accepted = aiModel?.licence_accepted_at;
  const sampling = Object.entries(entry?.sampling ?? {}).filter(([, value]) => value != null);
  return (
    <Card title={t("licence")}>
      <div className="stack tight sm">
        <p className="medium">{name || tModels("ownFile")}</p>
        {licence && (
          <p className="soft">
            {accepted
              ? t("acceptedAt", { moment: format.moment(accepted) })
              : licence.accept
                ? t("mustAccept")
                : t("free")}
          </p>
        )}
        {licence?.url && (
          <a className="link" href={licence.url} target="_blank" rel="noreferrer">
            {t("readTerms")}
          </a>
        )}
        {entry && (
          <dl className="kv" style={{ marginTop: 8 }}>
            <dt>{t("vendor")}</dt>
            <dd>{entry.vendor}</dd>
            {(entry.languages?.length ?? 0) > 0 && (
              <>
                <dt>{t("languages")}</dt>
                <dd>{entry.languages?.join(", ")}</dd>
              </>
            )}
            {sampling.length > 0 && (
              <>
                <dt>{t("sampling")}</dt>
                <dd className="mono xs">
                  {sampling.map(([word, value]) => `${word} ${value}`).join(", ")}
                </dd>
              </>
            )}
          </dl>
        )}
        {entry?.homepage && (
          <a className="link" href={entry.homepage} target="_blank" rel="noreferrer">
            {t("homepage")}
          </a>
        )}
      </div>
    </Card>
  );
}
