import type { Translation } from "..";
import type en from "../en/import";

const zh: Translation<typeof en> = {
  title: "导入任务",
  text: "Crontab 或 YAML",
  textHelp: "粘贴内容，或将文件拖到此处。导出的文件可以再次导入。",
  chooseFile: "选择文件",
  tooLarge: "{{name}} 超过 {{limit}}，请分批导入。",
  format: {
    title: "格式",
    crontab: "Crontab",
    yaml: "YAML 或 JSON，每个任务一个文档，或一个列表",
  },
  system: "各行含有用户名，如 /etc/crontab",
  group: "分组",
  ifNone: "用于未指定分组的任务",
  timezone: "时区",
  zoneHelp: "用于未指定时区的任务；留空则用服务器的时区",
  preview: "预览修改",
  wouldChange: "将发生的修改",
  result: "已完成的修改",
  kinds: "显示内容",
  change: { create: "新建", update: "修改", unchanged: "不变", refused: "被拒绝" },
  done: { create: "已新建", update: "已修改", unchanged: "不变", refused: "被拒绝" },
  where: { line: "第 {{number}} 行", job: "第 {{number}} 个任务" },
  next: "下次",
  allFields: "全部设置",
  showMore_other: "显示更多（还有 {{shown}} 项）",
  leaveOut_other: "忽略 {{shown}} 个被拒绝的任务，应用其余修改",
  apply_other: "应用 {{shown}} 项修改",
  nothing: "没有可应用的修改。",
  toJobs: "查看任务",
};

export default zh;
