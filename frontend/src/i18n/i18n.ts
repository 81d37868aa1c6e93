/** The words of the console: one message file per room and language, put together here. */
import type { Language } from "@/lib/format";
import type { Messages } from "./en";

declare module "use-intl" {
  interface AppConfig {
    Locale: Language;
    Messages: Messages;
  }
}

export const LANGUAGES: readonly { value: Language; label: string }[] = [
  { value: "en", label: "English" },
  { value: "de", label: "Deutsch" },
];

const STORED_AS = "hearth-language";

/** The chosen language, else the browser's, else English. */
export function currentLanguage(): Language {
  const stored = readStored();
  if (stored) return stored;
  return navigator.language.toLowerCase().startsWith("de") ? "de" : "en";
}

function readStored(): Language | null {
  try {
    const value = localStorage.getItem(STORED_AS);
    return value === "en" || value === "de" ? value : null;
  } catch {
    return null;
  }
}

/** Remembers the choice and loads the page anew in it. */
export function chooseLanguage(language: Language): void {
  localStorage.setItem(STORED_AS, language);
  window.location.reload();
}

/** Only the chosen language travels over the network. */
export async function loadMessages(language: Language): Promise<Messages> {
  if (language === "de") return (await import("./de")).de as Messages;
  return (await import("./en")).en;
}
