import { Modal } from "@mantine/core";
import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useId, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { SearchIcon } from "@/ui/icons";
import { Mark } from "@/ui/Mark";
import { type Command, search } from "./commands";
import styles from "./Palette.module.css";
import { useCommands } from "./useCommands";

/** Finds every named thing and page, and does what needs no form. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const t = useTranslations("shell.palette");
  const router = useRouter();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const commands = useCommands();
  const groups = useMemo(() => search(commands, typed), [commands, typed]);
  const flat = groups.flatMap(([, group]) => group);
  const chosen = flat[Math.min(at, flat.length - 1)];

  function move(next: number) {
    const index = (next + flat.length) % Math.max(1, flat.length);
    setAt(index);
    list.current?.querySelectorAll("[role=option]")[index]?.scrollIntoView({ block: "nearest" });
  }

  function run(command: Command | undefined, newTab: boolean) {
    if (!command || command.isOff) return;
    onClose();
    if (command.to && newTab) window.open(command.to, "_blank", "noopener");
    else if (command.to) router.history.push(command.to);
    else command.run?.();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") move(at + 1);
    else if (event.key === "ArrowUp") move(at - 1);
    else if (event.key === "Enter") run(chosen, event.metaKey || event.ctrlKey);
    else return;
    event.preventDefault();
  }

  return (
    <Modal.Root
      opened
      onClose={onClose}
      yOffset={110}
      size={620}
      centered={false}
      classNames={{ content: styles.dialog ?? "" }}
    >
      <Modal.Overlay />
      <Modal.Content aria-label={t("title")}>
        <div className={styles.field}>
          <SearchIcon />
          <input
            data-autofocus
            role="combobox"
            aria-expanded
            aria-controls={`${id}-list`}
            aria-activedescendant={chosen ? `${id}-${chosen.id}` : undefined}
            aria-label={t("placeholder")}
            placeholder={t("placeholder")}
            value={typed}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
              setAt(0);
            }}
            onKeyDown={onKeyDown}
          />
          <kbd>esc</kbd>
        </div>
        <div
          ref={list}
          id={`${id}-list`}
          role="listbox"
          aria-label={t("results")}
          className={styles.list}
        >
          {groups.map(([name, group]) => (
            // biome-ignore lint/a11y/useSemanticElements: a group of options has no element of its own
            <div key={name} role="group" aria-label={name}>
              <p aria-hidden="true">{name}</p>
              {group.map((command) => (
                <Row
                  key={command.id}
                  id={`${id}-${command.id}`}
                  command={command}
                  isChosen={command === chosen}
                  onPoint={() => setAt(flat.indexOf(command))}
                  onRun={(newTab) => run(command, newTab)}
                />
              ))}
            </div>
          ))}
          {flat.length === 0 && <p className={styles.nothing}>{t("nothing", { words: typed })}</p>}
        </div>
        <div className={styles.footer}>
          <span className="grow">{t("hint")}</span>
          <span className="row desk">
            <kbd>↑</kbd>
            <kbd>↓</kbd> {t("choose")} <kbd>⌘↵</kbd> {t("newTab")}
          </span>
        </div>
      </Modal.Content>
    </Modal.Root>
  );
}

interface RowProps {
  id: string;
  command: Command;
  isChosen: boolean;
  onPoint: () => void;
  onRun: (newTab: boolean) => void;
}

function Row({ id, command, isChosen, onPoint, onRun }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled where the focus is, in the field
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      aria-disabled={command.isOff || undefined}
      className={styles.option}
      onPointerMove={onPoint}
      onClick={(event) => onRun(event.metaKey || event.ctrlKey)}
    >
      {command.tone ? (
        <span className="state bare" data-tone={command.tone}>
          <Mark tone={command.tone} />
        </span>
      ) : (
        command.icon && <command.icon />
      )}
      <span className={command.tone ? "medium nowrap" : "nowrap"}>{command.label}</span>
      {command.note && <span className={styles.note}>{command.note}</span>}
      {isChosen && <kbd>↵</kbd>}
    </div>
  );
}
