/** The entries of the frame and which addresses belong to them. */
import {
  BoxIcon,
  HomeIcon,
  type IconType,
  KeyIcon,
  MessageIcon,
  ServerIcon,
  SettingsIcon,
} from "@/ui/icons";

export type NavWord =
  | "home"
  | "chat"
  | "nodes"
  | "models"
  | "catalogue"
  | "deployments"
  | "files"
  | "gateway"
  | "keys"
  | "usage"
  | "upstreams"
  | "routes"
  | "requests"
  | "settings"
  | "operations";

export interface NavItem {
  word: NavWord;
  to: string;
}

export interface NavEntry extends NavItem {
  icon: IconType;
  /** Without it one does not see the entry. */
  permission?: string;
  /** First parts of the addresses that light the entry. */
  covers: readonly string[];
  children?: readonly NavItem[];
}

export const ENTRIES: readonly NavEntry[] = [
  { word: "home", to: "/", icon: HomeIcon, covers: ["", "welcome", "status"] },
  { word: "chat", to: "/chat", icon: MessageIcon, permission: "chat", covers: ["chat"] },
  { word: "nodes", to: "/nodes", icon: ServerIcon, permission: "view", covers: ["nodes"] },
  {
    word: "models",
    to: "/models",
    icon: BoxIcon,
    permission: "view",
    covers: ["models", "deployments", "model-files"],
    children: [
      { word: "catalogue", to: "/models" },
      { word: "deployments", to: "/deployments" },
      { word: "files", to: "/model-files" },
    ],
  },
  {
    word: "gateway",
    to: "/keys",
    icon: KeyIcon,
    covers: ["keys", "routes", "usage", "requests", "upstreams"],
    children: [
      { word: "keys", to: "/keys" },
      { word: "routes", to: "/routes" },
      { word: "usage", to: "/usage" },
      { word: "requests", to: "/requests" },
      { word: "upstreams", to: "/upstreams" },
    ],
  },
  { word: "settings", to: "/settings", icon: SettingsIcon, covers: ["settings", "profile"] },
];

export function firstPart(path: string): string {
  return path.split("/")[1] ?? "";
}

export function isWithin(entry: NavEntry, path: string): boolean {
  return entry.covers.includes(firstPart(path));
}
