import about from "./about";
import account from "./account";
import audit from "./audit";
import common from "./common";
import dashboard from "./dashboard";
import editor from "./editor";
import fields from "./fields";
import import_ from "./import";
import job from "./job";
import jobs from "./jobs";
import run from "./run";
import runs from "./runs";
import signin from "./signin";
import timeline from "./timeline";
import tokens from "./tokens";
import users from "./users";
import workers from "./workers";

export default {
  about,
  account,
  audit,
  common,
  dashboard,
  editor,
  fields,
  import: import_,
  job,
  jobs,
  run,
  runs,
  signin,
  timeline,
  tokens,
  users,
  workers,
};
