import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { catalogueQuery } from "@/api/aiModels";
import type { NodeOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";
import { modelMemory } from "./memory";
import styles from "./nodes.module.css";

const SHOWN = 3;

/** The largest models of the catalogue that would still run here, as the preview says. */
export function WouldFit({ node }: { node: NodeOut }) {
  const t = useTranslations("nodes.fits");
  const format = useFormat();
  const entries = useQuery(catalogueQuery).data?.items ?? [];
  const fitting = entries
    .flatMap((entry) => {
      const version = entry.versions.find(
        (one) => one.fit?.fits && one.fit.node === node.name && !one.ai_model_id,
      );
      return version?.fit ? [{ entry, version, fit: version.fit }] : [];
    })
    .sort((one, other) => other.entry.parameter_count - one.entry.parameter_count)
    .slice(0, SHOWN);
  if (fitting.length === 0) return null;
  const memory = node.latest && modelMemory(node.latest);

  return (
    <Card
      title={t("title")}
      note={memory && t("note", { size: format.bytes(memory.total - memory.used) })}
      actions={
        <Link to="/models" className="link">
          {t("catalogue")}
        </Link>
      }
      fill="flush"
      className="desk"
    >
      <ul className="list">
        {fitting.map(({ entry, version, fit }) => (
          <li key={entry.name}>
            <Link
              to="/models/$name"
              params={{ name: entry.name }}
              className={`medium clip ${styles.fit}`}
            >
              {entry.title} · {version.quantisation}
            </Link>
            <span className="soft clip">{t("spare", { size: format.bytes(fit.spare_bytes) })}</span>
            <span className={`dim nowrap ${styles.fitSpeed}`}>
              {t("size", { size: format.bytes(version.size_bytes) })}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
