import { en as components } from "@/components/messages.en";
import { en as operation } from "@/components/operation/messages.en";
import { en as audit } from "@/features/audit/messages.en";
import { en as chat } from "@/features/chat/messages.en";
import { en as deployments } from "@/features/deployments/messages.en";
import { en as keyIssue } from "@/features/gateway/keys/issue.en";
import { en as keyLimits } from "@/features/gateway/keys/limits.en";
import { en as keys } from "@/features/gateway/keys/messages.en";
import { en as gateway } from "@/features/gateway/messages.en";
import { en as requests } from "@/features/gateway/requests/messages.en";
import { en as routes } from "@/features/gateway/routes/messages.en";
import { en as upstreams } from "@/features/gateway/upstreams/messages.en";
import { en as usage } from "@/features/gateway/usage/messages.en";
import { en as home } from "@/features/home/messages.en";
import { en as models } from "@/features/models/messages.en";
import { en as nodes } from "@/features/nodes/messages.en";
import { en as operations } from "@/features/operations/messages.en";
import { en as session } from "@/features/session/messages.en";
import { en as settings } from "@/features/settings/messages.en";
import { en as people } from "@/features/settings/people.en";
import { en as shell } from "@/features/shell/messages.en";
import { en as status } from "@/features/status/messages.en";
import { en as ui } from "@/ui/messages.en";

export const en = {
  audit,
  chat,
  components,
  deployments,
  gateway,
  home,
  keyIssue,
  keyLimits,
  keys,
  models,
  nodes,
  operation,
  operations,
  people,
  requests,
  routes,
  session,
  settings,
  shell,
  status,
  ui,
  upstreams,
  usage,
};

export type Messages = typeof en;
