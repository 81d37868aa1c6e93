import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { streamChat } from "@/api/traffic";

const ANSWERED_AS = "hearth-first-token";

export interface FirstTokenState {
  hasAnswered: boolean;
  answer: string;
  isBusy: boolean;
  error: unknown;
  ask: (question: string) => void;
}

/** One question and its answer, to see that tokens come. */
export function useFirstToken(model: string | undefined): FirstTokenState {
  const [hasAnswered, setAnswered] = useState(() => localStorage.getItem(ANSWERED_AS) !== null);
  const [answer, setAnswer] = useState("");
  const asking = useMutation({
    mutationFn: async (question: string) => {
      if (!model) return;
      setAnswer("");
      const body = { model, messages: [{ role: "user", content: question }], max_tokens: 200 };
      for await (const piece of streamChat(body, new AbortController().signal)) {
        setAnswer((text) => text + piece.text);
      }
      localStorage.setItem(ANSWERED_AS, new Date().toISOString());
      setAnswered(true);
    },
  });
  return {
    hasAnswered,
    answer,
    isBusy: asking.isPending,
    error: asking.error,
    ask: asking.mutate,
  };
}
