import { de as components } from "@/components/messages.de";
import { de as operation } from "@/components/operation/messages.de";
import { de as audit } from "@/features/audit/messages.de";
import { de as chat } from "@/features/chat/messages.de";
import { de as deployments } from "@/features/deployments/messages.de";
import { de as keyIssue } from "@/features/gateway/keys/issue.de";
import { de as keyLimits } from "@/features/gateway/keys/limits.de";
import { de as keys } from "@/features/gateway/keys/messages.de";
import { de as gateway } from "@/features/gateway/messages.de";
import { de as requests } from "@/features/gateway/requests/messages.de";
import { de as routes } from "@/features/gateway/routes/messages.de";
import { de as upstreams } from "@/features/gateway/upstreams/messages.de";
import { de as usage } from "@/features/gateway/usage/messages.de";
import { de as home } from "@/features/home/messages.de";
import { de as models } from "@/features/models/messages.de";
import { de as nodes } from "@/features/nodes/messages.de";
import { de as operations } from "@/features/operations/messages.de";
import { de as session } from "@/features/session/messages.de";
import { de as settings } from "@/features/settings/messages.de";
import { de as people } from "@/features/settings/people.de";
import { de as shell } from "@/features/shell/messages.de";
import { de as status } from "@/features/status/messages.de";
import type { Translated } from "@/lib/translated";
import { de as ui } from "@/ui/messages.de";
import type { Messages } from "./en";

export const de: Translated<Messages> = {
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
