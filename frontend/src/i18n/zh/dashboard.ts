import type { Translation } from "..";
import type en from "../en/dashboard";

const zh: Translation<typeof en> = {
  title: "dashboard",
};

export default zh;
