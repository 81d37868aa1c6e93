import { useTranslations } from "use-intl";
import type { ReplicaOut } from "@/api/generated/schema";
import { CodeBlock } from "@/components/CopyBlock";
import { useFormat } from "@/i18n/useFormat";
import { Card } from "@/ui/Card";
import styles from "./deployment.module.css";

const SHOWN = 5;

/** How the last model servers ended, newest first, each with what it last wrote. */
export function Exits({ replicas }: { replicas: readonly ReplicaOut[] }) {
  const t = useTranslations("deployments.exits");
  const format = useFormat();
  const exits = replicas
    .flatMap((replica) => replica.exits.map((exit) => ({ ...exit, position: replica.position })))
    .sort((one, other) => other.at.localeCompare(one.at))
    .slice(0, SHOWN);
  if (exits.length === 0) return null;
  return (
    <Card title={t("title")} fill="flush">
      <ol className={`list ${styles.exits}`}>
        {exits.map((exit) => (
          <li key={`${exit.position}-${exit.at}`}>
            <time className="mono xs dim" dateTime={exit.at} title={exit.at}>
              {format.moment(exit.at)}
            </time>
            <div className="grow">
              <p>{exit.said}</p>
              <p className="xs dim">{t("replica", { position: String(exit.position) })}</p>
              {(exit.lines?.length ?? 0) > 0 && (
                <details>
                  <summary className="link xs">{t("lastLines")}</summary>
                  <CodeBlock code={exit.lines?.join("\n") ?? ""} />
                </details>
              )}
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}
