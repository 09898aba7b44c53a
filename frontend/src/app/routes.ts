/** All pages: where they are, who may see them, and the module that draws them, loaded when first asked for. */

import type { Page } from "./page";
import type { Role } from "./session";

export interface Route {
  pattern: string;
  role: Role;
  load: () => Promise<{ default: Page }>;
}

export const ROUTES: readonly Route[] = [
  { pattern: "/", role: "viewer", load: () => import("../pages/dashboard/page") },
  { pattern: "/jobs", role: "viewer", load: () => import("../pages/jobs/page") },
  { pattern: "/new-job", role: "editor", load: () => import("../pages/editor/page") },
  { pattern: "/import", role: "editor", load: () => import("../pages/import/page") },
  { pattern: "/jobs/:name", role: "viewer", load: () => import("../pages/job/page") },
  { pattern: "/jobs/:name/edit", role: "editor", load: () => import("../pages/editor/page") },
  { pattern: "/runs", role: "viewer", load: () => import("../pages/runs/page") },
  { pattern: "/runs/:id", role: "viewer", load: () => import("../pages/run/page") },
  { pattern: "/timeline", role: "viewer", load: () => import("../pages/timeline/page") },
  { pattern: "/workers", role: "viewer", load: () => import("../pages/workers/page") },
  { pattern: "/users", role: "admin", load: () => import("../pages/users/page") },
  { pattern: "/tokens", role: "viewer", load: () => import("../pages/tokens/page") },
  { pattern: "/audit", role: "admin", load: () => import("../pages/audit/page") },
  { pattern: "/account", role: "viewer", load: () => import("../pages/account/page") },
  { pattern: "/about", role: "viewer", load: () => import("../pages/about/page") },
];

/** Open to everybody; it is not drawn into the shell. */
export const SIGN_IN = "/sign-in";
