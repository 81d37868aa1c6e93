import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/errors";
import { streamChat, TrafficError } from "@/api/traffic";
import { type Answered, type Message, type Parameters, requestBody } from "./conversation";

const KEPT_AS = "hearth-chat";
const DRAW_EVERY_MS = 40;

function readKept(): Message[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "[]") as Message[];
  } catch {
    return [];
  }
}

interface Chat {
  messages: readonly Message[];
  isBusy: boolean;
  send: (text: string) => void;
  /** Asks again for the last answer. */
  again: () => void;
  stop: () => void;
  clear: () => void;
}

/** One conversation, kept in this tab only. */
export function useChat(model: string, parameters: Parameters): Chat {
  const [messages, setMessages] = useState<Message[]>(readKept);
  const [isBusy, setBusy] = useState(false);
  const abort = useRef<AbortController | null>(null);

  useEffect(() => {
    if (!isBusy) sessionStorage.setItem(KEPT_AS, JSON.stringify(messages));
  }, [messages, isBusy]);

  useEffect(() => () => abort.current?.abort(), []);

  const ask = useCallback(
    async (said: Message[]) => {
      const answer: Message = { id: crypto.randomUUID(), role: "assistant", text: "", model };
      const controller = new AbortController();
      abort.current = controller;
      setBusy(true);
      const draw = (change: Partial<Message>) => {
        Object.assign(answer, change);
        setMessages([...said, { ...answer }]);
      };
      draw({ answered: notYet() });
      try {
        await receive(requestBody(model, said, parameters), controller.signal, answer, draw);
      } catch (error) {
        draw(controller.signal.aborted ? { isStopped: true } : { problem: problemOf(error) });
      } finally {
        abort.current = null;
        setBusy(false);
      }
    },
    [model, parameters],
  );

  return {
    messages,
    isBusy,
    send: (text) => {
      const said = messages.filter((message) => !message.problem);
      void ask([...said, { id: crypto.randomUUID(), role: "user", text }]);
    },
    again: () => {
      const last = messages.findLastIndex((message) => message.role === "user");
      if (last >= 0) void ask(messages.slice(0, last + 1));
    },
    stop: () => abort.current?.abort(),
    clear: () => {
      abort.current?.abort();
      setMessages([]);
    },
  };
}

function notYet(): Answered {
  return {
    firstTokenMs: null,
    totalMs: null,
    tokens: null,
    promptTokens: null,
    finish: null,
    engineSpeed: null,
  };
}

async function receive(
  body: Record<string, unknown>,
  signal: AbortSignal,
  answer: Message,
  draw: (change: Partial<Message>) => void,
): Promise<void> {
  const began = performance.now();
  const answered = notYet();
  let text = "";
  let thinking = "";
  let pieces = 0;
  let drawnAt = 0;
  const change = () => ({ text, ...(thinking ? { thinking } : {}), answered: { ...answered } });
  try {
    for await (const piece of streamChat(body, signal)) {
      text += piece.text;
      thinking += piece.thinking;
      answered.finish = piece.finish ?? answered.finish;
      if (piece.text || piece.thinking) {
        pieces += 1;
        answered.firstTokenMs ??= performance.now() - began;
      }
      answered.engineSpeed = piece.tokensPerSecond ?? answered.engineSpeed;
      if (piece.usage) {
        answered.tokens = piece.usage.completion_tokens;
        answered.promptTokens = piece.usage.prompt_tokens;
      }
      if (performance.now() - drawnAt > DRAW_EVERY_MS) {
        drawnAt = performance.now();
        draw(change());
      }
    }
  } finally {
    answered.totalMs = performance.now() - began;
    // Every piece is one token when the server counts none.
    answered.tokens ??= pieces || null;
    Object.assign(answer, change());
    draw({});
  }
}

function problemOf(error: unknown): { message: string; code: string } {
  if (error instanceof TrafficError) return { message: error.message, code: error.code };
  if (error instanceof ApiError) {
    return { message: [error.detail, error.fix].filter(Boolean).join(" "), code: error.title };
  }
  return { message: "", code: "" };
}
