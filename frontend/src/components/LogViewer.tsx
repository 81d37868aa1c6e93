import { TextInput } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useTranslations } from "use-intl";
import { useFormat } from "@/i18n/useFormat";
import { formatLogTime } from "@/lib/format";
import { writeToClipboard } from "@/ui/CopyButton";
import {
  ArrowDownIcon,
  ArrowUpIcon,
  CheckIcon,
  ChevronDownIcon,
  CopyIcon,
  DownloadIcon,
  EraserIcon,
  type IconType,
  SearchIcon,
} from "@/ui/icons";
import { Menu } from "@/ui/Menu";
import { parseAnsi, stripAnsi } from "./ansi";
import styles from "./LogViewer.module.css";
import { findMatches, type LevelFilter, type LogLine, visibleLines } from "./logBuffer";

interface LogViewerProps {
  lines: readonly LogLine[];
  /** Dim words after "Log": what it is the log of. */
  note?: ReactNode;
  /** Shows only the lines of this step. */
  step?: string | undefined;
  /** The file's name on download, without ending. */
  fileName: string;
  /** A line to go to and mark, from the address. */
  targetLine?: number | undefined;
  /** Called with a line's number when its number is pressed; put it into the address. */
  onLinkLine?: (sequence: number) => void;
  height?: number | string;
}

const LINE_HEIGHT = 19.5;
const NEAR_THE_END_PX = 24;
const LEVELS: readonly LevelFilter[] = ["all", "info", "warning", "error"];

/** One log viewer everywhere: numbered, coloured, found, followed, copied, saved. */
export function LogViewer({
  lines,
  note,
  step,
  fileName,
  targetLine,
  onLinkLine,
  height = "100%",
}: LogViewerProps) {
  const t = useTranslations("components.log");
  const format = useFormat();
  const scroller = useRef<HTMLElement>(null);
  const finder = useRef<HTMLInputElement>(null);
  const [level, setLevel] = useState<LevelFilter>("all");
  const [clearedUpTo, setClearedUpTo] = useState(0);
  const [wrap, setWrap] = useState(() => window.matchMedia("(max-width: 720px)").matches);
  const [follow, setFollow] = useState(targetLine === undefined);
  const [seenCount, setSeenCount] = useState(0);
  const [words, setWords] = useState("");
  const [matchIndex, setMatchIndex] = useState(0);

  const visible = useMemo(
    () => visibleLines(lines, { level, step, clearedUpTo }),
    [lines, level, step, clearedUpTo],
  );
  const matches = useMemo(() => findMatches(visible, words), [visible, words]);
  const matchedLines = useMemo(() => new Set(matches), [matches]);
  const hiddenCount = clearedUpTo === 0 ? 0 : lines.filter((l) => l.sequence <= clearedUpTo).length;

  const virtual = useVirtualizer({
    count: visible.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 20,
    getItemKey: (index) => visible[index]?.sequence ?? index,
  });

  const toEnd = useCallback(() => {
    const element = scroller.current;
    if (element) element.scrollTop = element.scrollHeight;
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what moves the end
  useEffect(() => {
    if (!follow) return;
    setSeenCount(visible.length);
    const frame = requestAnimationFrame(toEnd);
    return () => cancelAnimationFrame(frame);
  }, [follow, visible.length, wrap, toEnd]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new wrap changes every line's height
  useEffect(() => virtual.measure(), [wrap]);

  const reachesTarget = targetLine !== undefined && (visible.at(-1)?.sequence ?? -1) >= targetLine;
  // biome-ignore lint/correctness/useExhaustiveDependencies: goes there once, when the line has come
  useEffect(() => {
    if (targetLine === undefined || !reachesTarget) return;
    const index = visible.findIndex((line) => line.sequence >= targetLine);
    if (index >= 0) virtual.scrollToIndex(index, { align: "center" });
  }, [targetLine, reachesTarget]);

  function onScroll() {
    const element = scroller.current;
    if (!element) return;
    const distance = element.scrollHeight - element.scrollTop - element.clientHeight;
    if (distance > NEAR_THE_END_PX * 2 && follow) {
      setSeenCount(visible.length);
      setFollow(false);
    } else if (distance < NEAR_THE_END_PX && !follow && targetLine === undefined) {
      setFollow(true);
    }
  }

  function goToMatch(next: number) {
    if (matches.length === 0) return;
    const index = (next + matches.length) % matches.length;
    setMatchIndex(index);
    setFollow(false);
    virtual.scrollToIndex(matches[index] ?? 0, { align: "center" });
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.ctrlKey && event.key.toLowerCase() === "l") {
      event.preventDefault();
      clear();
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f") {
      event.preventDefault();
      finder.current?.focus();
    }
  }

  function clear() {
    setClearedUpTo(lines.at(-1)?.sequence ?? 0);
  }

  function asText(): string {
    return visible
      .map((line) =>
        line.isNote
          ? stripAnsi(line.text)
          : `${line.sequence}\t${line.at}\t${line.level}\t${stripAnsi(line.text)}`,
      )
      .join("\n");
  }

  function download() {
    const url = URL.createObjectURL(new Blob([`${asText()}\n`], { type: "text/plain" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${fileName}.log`;
    link.click();
    URL.revokeObjectURL(url);
  }

  const unseen = follow ? 0 : Math.max(0, visible.length - seenCount);
  const numberWidth = `${Math.max(4, String(Math.floor(lines.at(-1)?.sequence ?? 0)).length) + 0.5}ch`;

  return (
    <section
      className={styles.log}
      style={{ height }}
      aria-label={t("title")}
      onKeyDown={onKeyDown}
    >
      <header className={styles.bar}>
        <span className={styles.name}>{t("title")}</span>
        {note && <span className={`${styles.note} clip desk`}>{note}</span>}
        <span className="grow" />
        <span className={`${styles.find} desk`}>
          <TextInput
            ref={finder}
            type="search"
            data-search
            aria-label={t("findShort")}
            placeholder={t("find", { count: format.exact(visible.length) })}
            leftSection={<SearchIcon size={14} />}
            value={words}
            onChange={(event) => {
              setWords(event.currentTarget.value);
              setMatchIndex(0);
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter") goToMatch(matchIndex + (event.shiftKey ? -1 : 1));
            }}
            classNames={{ input: styles.input ?? "" }}
          />
        </span>
        {words && (
          <span className={`${styles.count} desk`} aria-live="polite">
            {matches.length > 0
              ? t("matches", { index: String(matchIndex + 1), count: String(matches.length) })
              : t("noMatches")}
            <Tool
              icon={ArrowUpIcon}
              label={t("previousMatch")}
              onClick={() => goToMatch(matchIndex - 1)}
            />
            <Tool
              icon={ArrowDownIcon}
              label={t("nextMatch")}
              onClick={() => goToMatch(matchIndex + 1)}
            />
          </span>
        )}
        <span className="desk">
          <Menu
            label={`${t("level")}: ${t(`levels.${level}`)}`}
            buttonClass={styles.tool}
            button={
              <>
                {t(`levels.${level}`)} <ChevronDownIcon size={14} />
              </>
            }
            items={LEVELS.map((value) => ({
              label: t(`levels.${value}`),
              checked: value === level,
              onSelect: () => setLevel(value),
            }))}
          />
        </span>
        <button
          type="button"
          className={`${styles.tool} desk`}
          aria-pressed={wrap}
          onClick={() => setWrap(!wrap)}
        >
          {wrap && <CheckIcon size={14} />}
          {t("wrap")}
        </button>
        <button
          type="button"
          className={styles.tool}
          aria-pressed={follow}
          onClick={() => setFollow(!follow)}
        >
          {follow && <CheckIcon size={14} />}
          {unseen > 0 ? t("newLines", { count: format.exact(unseen) }) : t("follow")}
        </button>
        <Tool icon={EraserIcon} label={t("clear")} onClick={clear} desktopOnly />
        <Tool icon={CopyIcon} label={t("copy")} onClick={() => void writeToClipboard(asText())} />
        <Tool icon={DownloadIcon} label={t("download")} onClick={download} />
      </header>
      <section
        ref={scroller}
        className={styles.lines}
        data-wrap={wrap || undefined}
        onScroll={onScroll}
        tabIndex={0}
        aria-label={t("lines")}
      >
        {hiddenCount > 0 && (
          <p className={styles.hidden}>
            {t("hidden", { count: format.exact(hiddenCount) })},{" "}
            <button type="button" onClick={() => setClearedUpTo(0)}>
              {t("show")}
            </button>
          </p>
        )}
        {visible.length === 0 && hiddenCount === 0 && <p className={styles.hidden}>{t("empty")}</p>}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const line = visible[item.index];
            if (!line) return null;
            return (
              <div
                key={item.key}
                ref={wrap ? virtual.measureElement : undefined}
                data-index={item.index}
                className={styles.line}
                data-level={line.level}
                data-hit={matchedLines.has(item.index) || undefined}
                data-target={line.sequence === targetLine || undefined}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {onLinkLine && !line.isNote ? (
                  <button
                    type="button"
                    className={styles.number}
                    style={{ width: numberWidth }}
                    aria-label={t("lineLink", { sequence: String(line.sequence) })}
                    tabIndex={-1}
                    onClick={() => onLinkLine(line.sequence)}
                  >
                    {line.sequence}
                  </button>
                ) : (
                  <span className={styles.number} style={{ width: numberWidth }}>
                    {!line.isNote && line.sequence}
                  </span>
                )}
                <span className={styles.text}>
                  {line.text && <time dateTime={line.at}>{formatLogTime(line.at)}</time>}
                  {parseAnsi(line.text).map((span, index) => (
                    <span
                      // biome-ignore lint/suspicious/noArrayIndexKey: the spans of a line never move
                      key={index}
                      data-colour={span.colour ?? undefined}
                      data-bold={span.bold || undefined}
                    >
                      {span.text}
                    </span>
                  ))}
                </span>
              </div>
            );
          })}
        </div>
      </section>
    </section>
  );
}

interface ToolProps {
  icon: IconType;
  label: string;
  onClick: () => void;
  desktopOnly?: boolean;
}

function Tool({ icon: Icon, label, onClick, desktopOnly }: ToolProps) {
  return (
    <button
      type="button"
      className={`${styles.tool} ${desktopOnly ? "desk" : ""}`}
      data-square
      data-tip={label}
      aria-label={label}
      onClick={onClick}
    >
      <Icon size={14} />
    </button>
  );
}
