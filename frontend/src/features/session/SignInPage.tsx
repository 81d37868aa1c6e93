import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { statusOf } from "@/api/errors";
import { signIn } from "@/api/session";
import { Flame } from "@/components/Flame";
import { ProblemLine } from "@/components/ProblemNotice";
import { useSetPlace } from "@/components/place";
import { useView } from "@/components/useView";
import { hasSeenWelcome } from "@/lib/welcome";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";
import styles from "./SignIn.module.css";

export function SignInPage() {
  const t = useTranslations("session");
  useSetPlace([{ label: t("title") }]);
  const [view] = useView();
  const router = useRouter();
  const queryClient = useQueryClient();
  const [username, setUsername] = useState("admin");
  const [password, setPassword] = useState("");
  const [isTried, setTried] = useState(false);
  const attempt = useMutation({
    mutationFn: () => signIn(queryClient, { username: username.trim(), password }),
    onSuccess: () => router.history.push(firstPage(view.next)),
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (username.trim() && password) attempt.mutate();
  }

  const isWrong = statusOf(attempt.error) === 401;
  return (
    <main className={styles.page}>
      <form className={styles.card} onSubmit={submit} noValidate>
        <div className={styles.sign}>
          <Flame size={44} />
        </div>
        <div>
          <h1>{t("title")}</h1>
          <p className="sm soft">{t("sentence")}</p>
        </div>
        <Field
          label={t("username")}
          autoComplete="username"
          autoCapitalize="none"
          value={username}
          onChange={setUsername}
          error={isTried && !username.trim() ? t("missingName") : null}
        />
        <Field
          label={t("password")}
          type="password"
          autoComplete="current-password"
          autoFocus
          value={password}
          onChange={setPassword}
          error={isTried && !password ? t("missingPassword") : null}
        />
        {attempt.isError &&
          (isWrong ? (
            <p className="sm bad-ink" role="alert">
              {t("wrong")}
            </p>
          ) : (
            <ProblemLine error={attempt.error} />
          ))}
        <Button kind="go" type="submit" wide busy={attempt.isPending}>
          {t("submit")}
        </Button>
        <p className="xs dim">
          {t.rich("firstTime", { file: (path) => <b className="medium">{path}</b> })}
        </p>
      </form>
    </main>
  );
}

/** Whoever is new here is shown the first steps once; everybody else goes where they wanted. */
function firstPage(next: string | undefined): string {
  const wanted = safeNext(next);
  return wanted === "/" && !hasSeenWelcome() ? "/welcome" : wanted;
}

/** Only an address of this console: anything else would send people elsewhere after signing in. */
function safeNext(next: string | undefined): string {
  return next?.startsWith("/") && !next.startsWith("//") && !next.startsWith("/signin")
    ? next
    : "/";
}
