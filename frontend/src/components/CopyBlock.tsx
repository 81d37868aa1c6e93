import { useTranslations } from "use-intl";
import { CopyButton } from "@/ui/CopyButton";
import styles from "./CopyBlock.module.css";

/** One line to paste elsewhere: an address, a key. */
export function CopyLine({ text, label, loud }: { text: string; label: string; loud?: boolean }) {
  const t = useTranslations("ui");
  return (
    <div className={`${styles.code} ${styles.line}`}>
      <span className="grow break">{text}</span>
      {loud ? (
        <CopyButton text={text} kind="go" label={t("copy")} />
      ) : (
        <span className={styles.onDark}>
          <CopyButton text={text} iconOnly label={label} />
        </span>
      )}
    </div>
  );
}

type Piece = { kind: "plain" | "word" | "text" | "note"; text: string };

const PIECES =
  /(#.*$|(?<!:)\/\/(?!\S*["']).*$)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|\b(from|import|const|await|new|for|async|in|export|print|of)\b/gm;

/** Colours strings, notes and a few words. Enough for snippets of ten lines. */
export function piecesOf(code: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of code.matchAll(PIECES)) {
    if (match.index > from) pieces.push({ kind: "plain", text: code.slice(from, match.index) });
    const kind = match[1] ? "note" : match[2] ? "text" : "word";
    pieces.push({ kind, text: match[0] });
    from = match.index + match[0].length;
  }
  if (from < code.length) pieces.push({ kind: "plain", text: code.slice(from) });
  return pieces;
}

/** Several lines of code, coloured, on the terminal's ground. */
export function CodeBlock({ code }: { code: string }) {
  return (
    <pre className={styles.code} tabIndex={0}>
      {piecesOf(code).map((piece, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text never move
        <span key={index} data-kind={piece.kind}>
          {piece.text}
        </span>
      ))}
    </pre>
  );
}
