import { useTranslations } from "use-intl";

/** A task in the reader's words; one that is not known yet is shown as it is. */
export function useTaskWord(): (task: string) => string {
  const t = useTranslations("models.task");
  return (task) => (t.has(task as never) ? t(task as never) : task);
}
