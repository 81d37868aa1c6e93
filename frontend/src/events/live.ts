/**
 * Keeps the pages true: the socket says what changed, the query cache refetches it.
 * Nothing that an event carries is drawn, so a lost event costs one late refetch and no more.
 */
import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { isTouched } from "@/api/keys";
import { createFold, type Hint } from "./fold";

const ONE_REFETCH_PER_MS = 1000;
const POLL_EVERY_MS = 15_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
const CLOSED_TO_STRANGERS = 4401;

export type LiveState = "connecting" | "live" | "away";

let state: LiveState = "connecting";
const listeners = new Set<() => void>();

function setState(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const listener of listeners) listener();
}

/** Whether pages update by themselves at once ("live") or only by polling ("away"). */
export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

interface Message {
  events?: { id: string; subject: string; subject_id: string; change: string }[];
  reset?: boolean;
}

/** Starts listening; the returned function stops it. Call it once somebody is signed in. */
export function startLive(queryClient: QueryClient): () => void {
  let socket: WebSocket | null = null;
  let lastEventId = "";
  let failures = 0;
  let stopped = false;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let pollTimer: ReturnType<typeof setInterval> | undefined;

  const fold = createFold({
    pauseMs: ONE_REFETCH_PER_MS,
    mayFlush: () => !document.hidden,
    flush: (hints) => invalidate(queryClient, hints),
  });

  function connect(): void {
    const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
    const after = lastEventId ? `?after=${encodeURIComponent(lastEventId)}` : "";
    socket = new WebSocket(`${scheme}//${window.location.host}/ws/events${after}`);
    socket.onopen = () => {
      failures = 0;
      clearInterval(pollTimer);
      // What happened while nobody listened is unknown: ask for everything that is on the screen.
      if (state === "away") void queryClient.invalidateQueries();
      setState("live");
    };
    socket.onmessage = (message) => receive(String(message.data));
    socket.onclose = (event) => {
      if (stopped) return;
      becomeAway();
      if (event.code === CLOSED_TO_STRANGERS) {
        void queryClient.invalidateQueries({ queryKey: ["session"] });
      }
      retryTimer = setTimeout(connect, retryDelay(failures++));
    };
  }

  function receive(text: string): void {
    const message = JSON.parse(text) as Message;
    if (message.reset) {
      lastEventId = "";
      void queryClient.invalidateQueries();
    }
    const events = message.events ?? [];
    lastEventId = events.at(-1)?.id ?? lastEventId;
    fold.add(events.map((event) => ({ subject: event.subject, subjectId: event.subject_id })));
  }

  function becomeAway(): void {
    if (state === "away") return;
    setState("away");
    clearInterval(pollTimer);
    pollTimer = setInterval(() => {
      if (!document.hidden) void queryClient.invalidateQueries();
    }, POLL_EVERY_MS);
  }

  const onSeen = () => fold.wake();
  document.addEventListener("visibilitychange", onSeen);
  connect();

  return () => {
    stopped = true;
    fold.stop();
    clearTimeout(retryTimer);
    clearInterval(pollTimer);
    document.removeEventListener("visibilitychange", onSeen);
    socket?.close();
    setState("connecting");
  };
}

/** Doubles up to the last, each spread by a quarter so that consoles do not return all at once. */
export function retryDelay(failures: number, random = Math.random()): number {
  const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
  return delay * (0.75 + random / 2);
}

function invalidate(queryClient: QueryClient, hints: readonly Hint[]): void {
  void queryClient.invalidateQueries({
    predicate: (query) => hints.some((hint) => isTouched(query.queryKey, hint)),
  });
}
