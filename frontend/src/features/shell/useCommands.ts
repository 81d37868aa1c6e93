import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { deploymentsQuery, nodesQuery, routesQuery, upstreamsQuery } from "@/api/fleet";
import { recentOperationsQuery } from "@/api/operations";
import { useSession } from "@/api/session";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { TONE_OF, toState } from "@/components/states";
import { useThemeChoice } from "@/components/useThemeChoice";
import { chooseLanguage } from "@/i18n/i18n";
import { useFormat } from "@/i18n/useFormat";
import { BoxIcon, CodeIcon, KeyIcon, MessageIcon, MoonIcon, SunIcon, UploadIcon } from "@/ui/icons";
import type { Command } from "./commands";
import { ENTRIES } from "./navigation";

/** Every named thing, every page, and the verbs that need no more than a press. */
export function useCommands(): Command[] {
  const t = useTranslations();
  const permissions = useSession()?.permissions ?? [];
  const nodes = useQuery(nodesQuery).data?.items ?? [];
  const deployments = useQuery(deploymentsQuery).data?.items ?? [];
  const routes = useQuery(routesQuery).data?.items ?? [];
  const upstreams = useQuery(upstreamsQuery).data?.items ?? [];
  const operations = useQuery(recentOperationsQuery).data?.items ?? [];
  const titleOf = useOperationTitle();
  const format = useFormat();
  const { choose } = useThemeChoice();
  const stateWord = (state: string) => t(`components.state.${toState(state)}`);
  const may = (permission: string) => permissions.includes(permission);
  const doing = t("shell.palette.commands");

  const verbs: Command[] = [
    ...(may("deploy")
      ? [
          {
            id: "deploy",
            group: doing,
            label: t("shell.palette.deploy"),
            icon: BoxIcon,
            to: "/models",
          },
          {
            id: "import",
            group: doing,
            label: t("shell.palette.importModel"),
            icon: UploadIcon,
            to: "/models?dialog=import",
          },
        ]
      : []),
    {
      id: "new-key",
      group: doing,
      label: t("shell.palette.newKey"),
      icon: KeyIcon,
      to: "/keys?dialog=new-key",
    },
    {
      id: "chat",
      group: doing,
      label: t("shell.palette.startChat"),
      icon: MessageIcon,
      to: "/chat",
    },
    {
      id: "dark",
      group: doing,
      label: t("shell.palette.toDark"),
      icon: MoonIcon,
      run: () => choose("dark"),
    },
    {
      id: "light",
      group: doing,
      label: t("shell.palette.toLight"),
      icon: SunIcon,
      run: () => choose("light"),
    },
    {
      id: "system",
      group: doing,
      label: t("shell.palette.toSystem"),
      icon: SunIcon,
      run: () => choose("auto"),
    },
    {
      id: "de",
      group: doing,
      label: t("shell.palette.toGerman"),
      also: "german sprache language",
      run: () => chooseLanguage("de"),
    },
    {
      id: "en",
      group: doing,
      label: t("shell.palette.toEnglish"),
      also: "englisch sprache language",
      run: () => chooseLanguage("en"),
    },
    {
      id: "docs",
      group: doing,
      label: t("shell.palette.apiDocs"),
      icon: CodeIcon,
      also: "openapi swagger rest help",
      run: () => window.open("/api/docs", "_blank", "noopener"),
    },
  ];

  const things: Command[] = [
    ...nodes.map((node) => ({
      id: `node-${node.id}`,
      group: t("shell.palette.nodes"),
      label: node.name,
      also: `${node.address} ${node.hardware}`,
      note: node.state_reason || stateWord(node.state),
      tone: TONE_OF[toState(node.state)],
      to: `/nodes/${encodeURIComponent(node.name)}`,
    })),
    ...deployments.map((one) => ({
      id: `deployment-${one.id}`,
      group: t("shell.palette.deployments"),
      label: one.name,
      also: one.ai_model.name,
      note: one.state_reason || stateWord(one.state),
      tone: TONE_OF[toState(one.state)],
      to: `/deployments/${encodeURIComponent(one.name)}`,
    })),
    ...routes.map((route) => ({
      id: `route-${route.id}`,
      group: t("shell.nav.routes"),
      label: route.name,
      also: route.aliases.join(" "),
      to: `/routes/${encodeURIComponent(route.name)}`,
    })),
    ...upstreams.map((upstream) => ({
      id: `upstream-${upstream.id}`,
      group: t("shell.nav.upstreams"),
      label: upstream.name,
      also: upstream.base_url,
      note: upstream.state_reason,
      to: `/upstreams/${upstream.id}`,
    })),
    ...deployments
      .filter((one) => ["ready", "degraded", "asleep"].includes(one.state))
      .map((one) => ({
        id: `chat-${one.id}`,
        group: doing,
        label: t("shell.palette.chatWith", { name: one.name }),
        icon: MessageIcon,
        to: `/chat?model=${encodeURIComponent(one.name)}`,
      })),
    ...operations.map((operation) => ({
      id: `operation-${operation.id}`,
      group: t("shell.palette.operations"),
      label: titleOf(operation),
      also: `${operation.kind} logs log`,
      note: `${format.moment(operation.created_at)}, ${stateWord(operation.state)}`,
      tone: TONE_OF[toState(operation.state)],
      to: `/operations/${operation.id}`,
    })),
  ];

  const pages: Command[] = [
    ...ENTRIES.filter((entry) => !entry.permission || may(entry.permission)).flatMap((entry) =>
      (entry.children ?? [entry])
        .filter((item) => !item.permission || may(item.permission))
        .map((item) => ({
          id: `page-${item.to}`,
          group: t("shell.palette.pages"),
          label: t(`shell.nav.${item.word === "general" ? "settings" : item.word}`),
          icon: entry.icon,
          to: item.to,
        })),
    ),
    ...(["operations", "status", "welcome"] as const).map((word) => ({
      id: `page-${word}`,
      group: t("shell.palette.pages"),
      label: t(`shell.nav.${word}`),
      to: `/${word}`,
    })),
  ];

  return [...verbs.slice(0, 4), ...pages, ...things, ...verbs.slice(4)];
}
