/** A card with the first rows of a longer list. */

import type { PageContext } from "../../app/page";
import { locale, t } from "../../i18n";
import { formatNumber } from "../../lib/number";
import { h, replace, type Child } from "../../ui/dom";
import type { IconName } from "../../ui/icons";
import { emptyState } from "../../ui/states";
import { Table, type Column } from "../../ui/table";
import { liveCard, type LiveCard } from "../shared/live-card";

export interface ListCardOptions<T> {
  id: string;
  title: string;
  minMs: number;
  /** The first rows, and how many there are; null: nobody knows, but more. */
  load: () => Promise<{ rows: readonly T[]; total: number | null }>;
  columns: readonly Column<T>[];
  key: (row: T) => string;
  /** Where the whole list is. */
  all: string;
  empty: { icon: IconName; title: string };
  /** Above the rows. */
  above?: () => Child;
}

export function listCard<T>(context: PageContext, options: ListCardOptions<T>): LiveCard {
  const table = new Table<T>({ caption: options.title, columns: options.columns, key: options.key });
  const all = h("a.small", { href: options.all, hidden: true });
  return liveCard(context, {
    id: options.id,
    title: options.title,
    head: all,
    minMs: options.minMs,
    load: options.load,
    draw: ({ rows, total }) => {
      const more = total === null || total > rows.length;
      replace(
        all,
        t("dashboard:showAll"),
        total !== null && more && h("span.num", null, ` (${formatNumber(total, locale())})`),
      );
      all.hidden = rows.length === 0;
      table.update(rows);
      return [
        options.above?.(),
        rows.length ? table.element : emptyState(options.empty.icon, options.empty.title),
      ];
    },
  });
}
