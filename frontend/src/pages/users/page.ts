/** Who may sign in, and what each may do. */

import { api, call, type Schemas } from "../../api/client";
import { isAbort } from "../../api/problem";
import type { Page } from "../../app/page";
import { t } from "../../i18n";
import { h, newId, replace } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { Table } from "../../ui/table";
import { failed } from "../../ui/toast";
import { gather } from "../shared/gather";
import { roleBadge, ROLES } from "../shared/roles";
import { staleNote } from "../shared/stale-note";
import { changeRole, createUser, deleteUser, setEnabled, setPassword } from "./actions";
import { columns, type Row } from "./columns";
import "./users.css";

const REFRESH_MS = 30_000; // nothing tells of changes by others

const page: Page = async (context) => {
  const { root, signal, title } = context;
  title(t("users:title"));

  const fetchRows = async (): Promise<Row[]> => {
    const [users, tokens] = await Promise.all([
      call(() => api.GET("/api/v1/users", { signal })),
      call(() => api.GET("/api/v1/tokens", { signal })),
    ]);
    return users.items.map((user) => ({
      user,
      tokens: tokens.items.filter((token) => token.user === user.name).length,
    }));
  };

  const after = (act: (user: Schemas["UserView"]) => Promise<boolean>) => (user: Schemas["UserView"]) =>
    void act(user).then((done) => {
      if (done) refresh(true);
    }, failed);
  const table = new Table<Row>({
    caption: t("users:caption"),
    columns: columns({
      toggle: after((user) => setEnabled(user, user.disabled)),
      role: after(changeRole),
      password: after(setPassword),
      remove: after(deleteUser),
    }),
    key: ({ user }) => user.name,
    look: ({ user }) => ({ class: user.disabled ? "user-disabled" : "" }),
  });
  const count = h("span.text-body-secondary");
  const counts = h("dl.role-list");

  const draw = (rows: readonly Row[]) => {
    table.update(rows);
    replace(count, t("users:count", { count: rows.length }));
    replace(counts, roleList(rows));
  };
  const stale = staleNote();
  const refresh = gather(context, 1_000, async () => {
    try {
      draw(await fetchRows());
      stale.show(null);
    } catch (error) {
      if (!isAbort(error)) stale.show(error);
    }
  });

  draw(await fetchRows());
  const titleId = newId("card");
  root.append(
    h(
      "div.page-head",
      null,
      h("h1", null, t("users:title")),
      count,
      stale.element,
      h(
        "button.btn.btn-sm.btn-primary",
        {
          type: "button",
          "data-action": "new",
          on: { click: () => void createUser().then((done) => done && refresh(true)) },
        },
        icon("plus"),
        ` ${t("users:new")}`,
      ),
    ),
    h("div.card.users-card", null, table.element),
    h(
      "section.card.mt-3",
      { "aria-labelledby": titleId },
      h("div.card-head", null, h("h2", { id: titleId }, t("users:roles"))),
      h("div.card-body.pt-1", null, h("p.text-body-secondary.small", null, t("users:rolesHelp")), counts),
    ),
  );
  context.every(REFRESH_MS, () => refresh());
  context.on("reload", () => refresh());
};

function roleList(rows: readonly Row[]): HTMLElement[] {
  return ROLES.map((role) =>
    h(
      "div",
      null,
      h("dt", null, roleBadge(role)),
      h(
        "dd",
        null,
        t(`users:roleMeans.${role}`),
        " ",
        h(
          "span.text-body-secondary.text-nowrap",
          null,
          `(${t("users:withRole", { count: rows.filter(({ user }) => user.role === role).length })})`,
        ),
      ),
    ),
  );
}

export default page;
