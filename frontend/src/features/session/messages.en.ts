export const en = {
  title: "Sign in",
  sentence: "Your own AI cloud, on machines you own.",
  username: "Name",
  password: "Password",
  submit: "Sign in",
  firstTime:
    "The first password is in the terminal where Hearth started, and in <file>var/first-run.env</file>.",
  wrong: "Name and password do not belong together.",
  missingName: "Enter your name.",
  missingPassword: "Enter your password.",
} as const;
