import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { statusQuery, toneOfVerdict } from "@/api/status";
import { QueryView } from "@/components/QueryView";
import { StateMark } from "@/components/StateBadge";
import { useStatusWords } from "@/components/useStatusWords";
import { Card } from "@/ui/Card";

export function OkCard() {
  const t = useTranslations("home.ok");
  const words = useStatusWords();
  const query = useQuery(statusQuery);
  return (
    <Card
      title={t("title")}
      fill="flush"
      actions={
        <Link to="/status" className="link">
          {t("status")}
        </Link>
      }
    >
      <QueryView query={query}>
        {(status) => (
          <ul className="list">
            {status.parts.map((part) => (
              <li key={part.name}>
                <StateMark tone={toneOfVerdict(part.state)} />
                <span className="medium nowrap">{words.part(part)}</span>
                <span className="grow right dim xs clip" title={part.evidence}>
                  {part.evidence.replace(/\.$/, "")}
                </span>
              </li>
            ))}
          </ul>
        )}
      </QueryView>
    </Card>
  );
}
