import { useSession } from "@/api/session";
import styles from "./keys.module.css";
import { fromTexts, parseAmount } from "./limits";
import { linesOf } from "./networks";
import { endOf, type KeyDraft } from "./newKey";
import { useKeyWords } from "./useKeyWords";

/** What a draft comes to, in plain words, before it is made so. */
export function KeySummary({ draft }: { draft: KeyDraft }) {
  const words = useKeyWords();
  const me = useSession()?.user.username ?? "";
  return (
    <p className={styles.summary} aria-live="polite">
      {words.summary({
        owner: draft.owner ?? me,
        models: draft.access === "only" ? draft.models : null,
        denied_models: draft.access === "allBut" ? draft.models : [],
        limits: fromTexts(draft.limits) ?? {},
        scopes: draft.scopes,
        networks: linesOf(draft.networks),
        privacy: draft.privacy,
        max_output_tokens: parseAmount(draft.maxOutput),
        expires_at: endOf(draft, new Date()),
      })}
    </p>
  );
}
