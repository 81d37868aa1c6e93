import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { keysQuery } from "@/api/fleet";
import { CopyLine } from "@/components/CopyBlock";
import { endpoint } from "@/lib/endpoint";
import { Card } from "@/ui/Card";

export function EndpointCard() {
  const t = useTranslations("home.endpoint");
  const keys = useQuery(keysQuery).data?.items;
  const working = keys?.filter((key) => key.state === "active").length;
  return (
    <Card
      title={t("title")}
      actions={
        <Link to="/keys" search={{ dialog: "new-key" }} className="link">
          {t("newKey")}
        </Link>
      }
    >
      <div className="stack tight">
        <CopyLine text={endpoint()} label={t("copy")} />
        {working !== undefined && <p className="xs dim">{t("note", { keys: working })}</p>}
      </div>
    </Card>
  );
}
