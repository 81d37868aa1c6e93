import { useTranslations } from "use-intl";

export const ROLES = ["viewer", "operator", "deployer", "auditor", "admin"] as const;
export type Role = (typeof ROLES)[number];

export function isRole(word: string): word is Role {
  return (ROLES as readonly string[]).includes(word);
}

/** A role in words; one the console does not know yet is shown as it is. */
export function useRoleWord(): (role: string) => string {
  const t = useTranslations("settings.settings.roles");
  return (role) => (isRole(role) ? t(role) : role);
}
