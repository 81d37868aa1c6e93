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
  | "general"
  | "people"
  | "audit"
  | "profile"
  | "operations";

export interface NavItem {
  word: NavWord;
  to: string;
  /** Without it one does not see the entry. */
  permission?: string;
}

export interface NavEntry extends NavItem {
  icon: IconType;
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
  {
    word: "settings",
    to: "/settings",
    icon: SettingsIcon,
    covers: ["settings", "profile", "audit"],
    children: [
      { word: "general", to: "/settings" },
      { word: "people", to: "/settings/people", permission: "manage_people" },
      { word: "audit", to: "/audit", permission: "view_audit" },
      { word: "profile", to: "/profile" },
    ],
  },
];

/** The child whose address the path is or lies under; the longest one where several do. */
export function currentChild(entry: NavEntry, path: string): NavItem | undefined {
  return entry.children
    ?.filter((child) => path === child.to || path.startsWith(`${child.to}/`))
    .sort((one, other) => other.to.length - one.to.length)[0];
}

export function mayGo(item: NavItem, permissions: readonly string[]): boolean {
  return !item.permission || permissions.includes(item.permission);
}

export function firstPart(path: string): string {
  return path.split("/")[1] ?? "";
}

export function isWithin(entry: NavEntry, path: string): boolean {
  return entry.covers.includes(firstPart(path));
}
