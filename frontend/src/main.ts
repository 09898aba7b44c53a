import "./styles/main.css";
import { onSessionEnd } from "./api/client";
import { connection } from "./api/connection";
import { startKeyboard } from "./app/keyboard";
import { router } from "./app/router";
import { session } from "./app/session";
import { Shell } from "./app/shell";
import { startI18n, t } from "./i18n";
import { signInPage } from "./pages/signin/page";
import { credentials } from "./pages/signin/form";
import { confirm } from "./ui/dialog";
import { h, replace } from "./ui/dom";
import { errorState } from "./ui/states";

const place = document.getElementById("app") ?? document.body;

let asking: Promise<void> | null = null;

/** Several calls may find at once that the session has ended; one dialog serves them all. */
function signInAgain(): Promise<void> {
  asking ??= ask().finally(() => (asking = null));
  return asking;
}

async function ask(): Promise<void> {
  const { fields, submit } = credentials(session.current?.user);
  await confirm({
    title: t("signIn"),
    body: [h("p", null, t("sessionEnded")), fields],
    action: t("signIn"),
    cancel: false,
    act: submit,
  });
}

async function start(): Promise<void> {
  await startI18n();
  startKeyboard();
  try {
    await session.restore();
  } catch (error) {
    replace(
      place,
      errorState(error, () => location.reload()),
    );
    const timer = setInterval(
      () =>
        void session.restore().then(
          () => location.reload(),
          () => undefined,
        ),
      3_000,
    );
    connection.onChange((state) => state === "ok" && clearInterval(timer));
    return;
  }
  onSessionEnd(signInAgain);
  const shell = new Shell(place);
  router.start({
    prepare: (path) => shell.prepare(path),
    signIn: (query, next) => signInPage(place, query, next),
  });
}

void start();
