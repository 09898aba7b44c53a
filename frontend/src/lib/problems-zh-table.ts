/**
 * What the server says, and the same in Simplified Chinese.
 *
 * Placeholders: `{n}` a number, `{q}` a quoted text, `{word}` a text without blanks, `{role}` a role, `{list}`
 * alternatives, `{tail}` anything in the same message, `{text}` all that follows, `{message}` the same, to be
 * translated too. `$1` is where the first of them comes back. `{s}` is the s of a plural and does not count.
 */
export type Rule = readonly [english: string, chinese: string];

const FIELDS: readonly Rule[] = [
  ["must not be empty", "不能为空"],
  ["field required", "必填"],
  ["unknown field", "未知字段"],
  ["not supported yet", "暂不支持"],
  ["{word} is not supported yet", "暂不支持 $1"],
  ["must have at most {n} characters, has {n}", "最多 $1 个字符，现有 $2 个"],
  ["must have at most {n} characters", "最多 $1 个字符"],
  ["must have at least {n} characters", "至少需要 $1 个字符"],
  [
    "must have at most {n} bytes, has {n}; put it into a script",
    "最多 $1 字节，现有 $2 字节；请改写为脚本文件",
  ],
  ["must have at most {n} bytes in all", "总长度不能超过 $1 字节"],
  [
    "may hold letters and digits of any script, '.', '_', '-' and inner spaces, and needs at least one letter or digit",
    "只能包含任意文字的字母和数字、“.”、“_”、“-”以及中间的空格，并且至少有一个字母或数字",
  ],
  ["must not contain a NUL character", "不能包含 NUL 字符"],
  ["holds half of a surrogate pair, which is no character", "包含半个代理对，不是有效字符"],
  ["must be an ISO 8601 time such as 2030-01-31T08:00:00Z", "须为 ISO 8601 时间，例如 2030-01-31T08:00:00Z"],
  [
    "needs a time zone offset, such as the Z in 2030-01-31T08:00:00Z",
    "须带时区偏移，例如 2030-01-31T08:00:00Z 末尾的 Z",
  ],
  ["must be between the years 1 and 9999 in UTC", "换算为 UTC 后须在公元 1 年至 9999 年之间"],
  ["must be later than {word}", "须晚于 $1"],
  ["must be in the future", "须为将来的时间"],
  ["must be at most {n} days before to", "距 to 最多 $1 天"],
  ["makes more than {n} buckets; take a larger one", "会超过 $1 个区间；请取更大的值"],
  ["{q} is not the name of an environment variable", "$1 不是有效的环境变量名"],
  [
    "{q}: after secret: comes the name of a secret (letters of A to Z, digits, '.', '_' and '-', at most {n}, a letter or digit first); a text that begins with secret: is written secret::",
    "$1：secret: 之后须为机密的名称（英文字母、数字、“.”、“_”、“-”，最多 $2 个字符，以字母或数字开头）；确实以 secret: 开头的值，请把开头写作 secret::",
  ],
  [
    "{q} starts with CRON_, and such names are set by the scheduler",
    "$1 以 CRON_ 开头，这类变量由调度器设置",
  ],
  ["is wrong", "不正确"],
  [
    "is a well-known or trivial secret; choose another, for example: {tail}",
    "是常见或过于简单的密码；请换一个，例如用此命令生成：$1",
  ],
  ["is given twice", "重复出现"],
  ["is nested deeper than {n} levels", "嵌套超过 $1 层"],
  ["is too large for a number", "数值过大"],
  ["must be one of {list}, with a leading - for descending", "须为 $1 之一，前面加 - 表示降序"],
  ["is not one of this list; start again without it", "不属于此列表；请从第一页重新开始"],
  ["and {n} more", "另有 $1 处"],
  // What pydantic says.
  ["input should be a valid string", "须为文本"],
  ["input should be a valid integer{tail}", "须为整数"],
  ["input should be a valid number{tail}", "须为数字"],
  ["input should be a finite number", "须为有限的数字"],
  ["input should be a valid boolean{tail}", "须为 true 或 false"],
  ["input should be a valid array", "须为列表"],
  ["input should be a valid list", "须为列表"],
  ["input should be a valid dictionary", "须为对象"],
  ["input should be a valid datetime{tail}", "须为时间"],
  ["input should be an object", "须为对象"],
  ["input should be greater than {n}", "须大于 $1"],
  ["input should be greater than or equal to {n}", "不能小于 $1"],
  ["input should be less than {n}", "须小于 $1"],
  ["input should be less than or equal to {n}", "不能大于 $1"],
  ["input should be {list}", "须为 $1 之一"],
  ["string should have at least {n} character{s}", "至少需要 $1 个字符"],
  ["string should have at most {n} character{s}", "最多 $1 个字符"],
  ["value should have at most {n} item{s} after validation, not {word}", "最多 $1 个字符"],
  ["{word} should have at most {n} item{s} after validation, not {word}", "最多 $2 项"],
  ["{word} should have at least {n} item{s} after validation, not {word}", "至少需要 $2 项"],
  ["string should match pattern '^/'", "须以 / 开头"],
  [
    "string should match pattern '^[A-Za-z0-9]([A-Za-z0-9_.\\-/]{0,61}[A-Za-z0-9])?$'",
    "须以字母或数字开头和结尾，其间只能有字母、数字、“_”、“.”、“-”和“/”，最多 63 个字符",
  ],
  [
    "string should match pattern '^[a-z0-9][a-z0-9_.@\\-]{0,63}$'",
    "须以小写字母或数字开头，只能包含小写字母、数字、“_”、“.”、“@”和“-”，最多 64 个字符",
  ],
  ["string should match pattern {q}", "须符合格式 $1"],
];

const SCHEDULES: readonly Rule[] = [
  ["must not be empty; for example: {tail}", "不能为空；例如：$1"],
  [
    "has {n} characters; {n} are allowed: use ranges and steps",
    "有 $1 个字符，最多允许 $2 个：请使用范围和步长",
  ],
  [
    "character {n} ({q}) is not an ASCII character; use plain digits, letters and spaces",
    "第 $1 个字符 $2 不是 ASCII 字符；请使用半角的数字、字母和空格",
  ],
  [
    "character {n} ({q}) is a control character; use plain digits, letters and spaces",
    "第 $1 个字符 $2 是控制字符；请使用半角的数字、字母和空格",
  ],
  [
    "has {n} field{s}; needs 5 (minute, hour, day of month, month, day of week), 6 (second first) or 7 (second first, year last)",
    "有 $1 个字段；应为 5 个（分、时、日、月、周）、6 个（最前面加秒）或 7 个（最前面加秒，最后加年）",
  ],
  [
    "@reboot is not supported: a cluster does not boot; name a time, or start the job by hand",
    "不支持 @reboot：集群没有开机这一时刻；请指定时间，或手动运行任务",
  ],
  ["{q} is not known; known are {list}", "无法识别 $1；可用的有 $2"],
  [
    "{q} is not an interval; write it as @every 30s, @every 5m, @every 1h30m or @every 1d",
    "$1 不是间隔；应写作 @every 30s、@every 5m、@every 1h30m 或 @every 1d",
  ],
  ["@every needs an interval of at least {word}", "@every 的间隔至少为 $1"],
  ["{q} never fires before 2100", "$1 在 2100 年之前不会触发"],
  [
    "{q} never fires: no date matches its day, month and year fields",
    "$1 永远不会触发：没有日期符合它的日、月、年字段",
  ],
  ["{q} has a step of 0; the smallest step is 1", "$1 的步长为 0；步长最小为 1"],
  ["{n} is out of range; allowed are {list}", "$1 超出范围；允许 $2"],
  ["{q} is out of range; L-30 is the earliest", "$1 超出范围；最早为 L-30"],
  ["{q} is out of range; allowed are 1W to 31W", "$1 超出范围；允许 1W 至 31W"],
  ["{q} is out of range; #1 to #5 say which one of the month", "$1 超出范围；#1 至 #5 表示当月的第几个"],
  [
    "{q} is not understood; allowed are {list}, as in 1,5 or 1-5 or */2",
    "无法理解 $1；允许 $2，例如 1,5、1-5 或 */2",
  ],
  ["{q} is not supported; name the value", "不支持 $1；请写出具体的值"],
  ["'?' must stand alone", "“?”必须单独使用"],
  ["has an empty item; remove the extra comma", "有空项；请去掉多余的逗号"],
  [
    "'L' needs a day before it; 5L is the last Friday of the month",
    "“L”前面须有星期几；5L 表示当月最后一个星期五",
  ],
  [
    "unknown time zone {q}; use an IANA name such as Asia/Shanghai or UTC",
    "未知时区 $1；请使用 IANA 名称，例如 Asia/Shanghai 或 UTC",
  ],
  ["unknown time zone {q}; did you mean {word}?", "未知时区 $1；是否应为 $2？"],
];

const JOBS: readonly Rule[] = [
  ["There is no job {q}.", "没有名为 $1 的任务。"],
  ["There is no run {q}.", "没有编号为 $1 的运行记录。"],
  ["There is a job {q} already.", "已有名为 $1 的任务。"],
  ["There is such a job already.", "该任务已存在。"],
  ["There is no such job any more.", "该任务已不存在。"],
  [
    "The job has changed: it is at revision {n}. Read it again, then decide.",
    "任务已被修改，当前版本为 $1。请重新读取后再决定。",
  ],
  ["Job {q} is being changed by others. Try again.", "其他人正在修改任务 $1。请重试。"],
  ["Job {q} is being killed by others. Try again.", "其他人正在终止任务 $1。请重试。"],
  ["is {q}, but the address says {q}", "为 $1，但地址中是 $2"],
  ["is {q}, but the key says {q}", "为 $1，但键名是 $2"],
  ["must be {q}, as in the address", "须为 $1，与地址一致"],
  [
    "The job is invalid ({message}). Replace it with PUT, or delete it.",
    "任务无效（$1）。请改正后重新保存，或将其删除。",
  ],
  ["The job is invalid and cannot run: {message}", "任务无效，无法运行：$1"],
  ["The job {q} of this run is gone.", "这次运行所属的任务 $1 已不存在。"],
  ["there is no live worker {q}", "没有名为 $1 的存活执行节点"],
  ["There is no live worker {q}.", "没有名为 $1 的存活执行节点。"],
  [
    "env: needs the role editor, because it can make a command do anything.",
    "env：需要编辑者角色，因为环境变量可以让命令做任何事。",
  ],
  ["The run has not started yet.", "这次运行尚未开始。"],
  ["The run has not ended. Its output so far: GET /runs/{id}/stream.", "这次运行尚未结束，请查看实时输出。"],
  ["The run has not been recorded yet.", "这次运行尚未记录。"],
  ["Nothing of it runs.", "它没有正在进行的运行。"],
  ["It is so already.", "已经如此，无需修改。"],
  [
    "Not tried: the time for one request was up, or etcd did not answer.",
    "未执行：单次请求的时间已用完，或 etcd 没有响应。",
  ],
  ["give either names or a filter", "请给出任务名称或筛选条件，二者选一"],
  ["is for a filter", "只用于筛选条件"],
  ["give addTags, removeTags or group", "请给出 addTags、removeTags 或 group"],
  ["is for the action tag", "只用于 tag 操作"],
  ["the clock is {n} ms off the median of the cluster", "时钟与集群的中位数相差 $1 毫秒"],
  ["the clock is not yet compared with the other workers'", "时钟尚未与其他执行节点比对"],
];

const IMPORTS: readonly Rule[] = [
  ["there is no job in it", "其中没有任务"],
  ["has more than {n} jobs; import it in parts", "超过 $1 个任务；请分批导入"],
  ["{q} has been changed since; it is at revision {n}", "$1 在此期间已被修改，当前版本为 $2"],
  ["not written: there was no time left; import again to go on", "未写入：时间已用完；请再次导入以继续"],
  ["is for crontabs", "只用于 crontab"],
  [
    "is not a job, which has at least name, command and cronExpr",
    "不是任务；任务至少有 name、command 和 cronExpr",
  ],
  ["{q} is there twice", "$1 出现了两次"],
  ["line {n}", "第 $1 行"],
  ["job {n}", "第 $1 个任务"],
  ["line {n}: {message}", "第 $1 行：$2"],
  ["{message}. A value that starts with * needs quotes", "$1。以 * 开头的值需要加引号"],
  ["a command is missing: {text}", "缺少命令：$1"],
  ["the command is empty: {text}", "命令为空：$1"],
  ["the user name or the command is missing: {text}", "缺少用户名或命令：$1"],
  [
    "@reboot cannot be imported: there is no boot to follow in a cluster: {text}",
    "无法导入 @reboot：集群没有开机这一时刻：$1",
  ],
  ["{word} is not known; cron has {list}: {text}", "无法识别 $1；cron 有 $2：$3"],
  [
    "is neither NAME=value nor five time fields and a command: {text}",
    "既不是 NAME=value，也不是五个时间字段加命令：$1",
  ],
  [
    "text behind % for standard input cannot be kept with SHELL={text}",
    "SHELL=$1 时无法保留 % 之后的标准输入文本",
  ],
  [
    "imported paused: it would run as the worker's user, not as {text}",
    "导入后为暂停状态：它会以执行节点的用户运行，而不是 $1",
  ],
  ["runs as the worker's user; cron ran it as {text}", "以执行节点的用户运行；在 cron 中以 $1 运行"],
  [
    "{list} is not used: output is kept with each run, not mailed",
    "不使用 $1：输出随每次运行保留，不发送邮件",
  ],
  ["{list} is ignored", "忽略 $1"],
  // What YAML parsers say.
  ["nested deeper than {n} levels", "嵌套超过 $1 层"],
  ["aliases stand for more than {n} values", "别名代表的值超过 $1 个"],
  ["{q} contains itself", "$1 包含了自身"],
  ["found undefined alias {q}", "别名 $1 没有定义"],
  ["mapping values are not allowed {tail}", "此处不能出现键值对，请检查缩进和引号"],
  ["block sequence entries are not allowed {tail}", "此处不能出现列表项，请检查缩进"],
  ["could not find expected {tail}", "此处缺少 $1"],
  ["did not find expected key", "此处应为键，请检查缩进"],
  ["did not find expected '-' indicator", "此处应为“-”，请检查缩进"],
  ["did not find expected {tail}", "此处缺少 $1"],
  ["did not find the expected {tail}", "此处缺少 $1"],
  ["second occurrence", "锚点重复"],
  ["found character {tail} cannot start any token", "此处有不允许的字符（缩进不能使用制表符）"],
  ["found a tab character {tail}", "缩进不能使用制表符"],
  ["found unexpected end of stream", "内容在此处意外结束，可能缺少引号"],
  ["found unknown escape character", "未知的转义字符"],
  ["could not determine a constructor for the tag {q}", "不支持标签 $1"],
  ["found unhashable key", "此处的键须为文本"],
  ["unacceptable character {tail}", "有不允许的控制字符"],
];

const ACCOUNTS: readonly Rule[] = [
  ["The user name or the password is wrong.", "用户名或密码不正确。"],
  [
    "The link is not valid: it was used already, is older than {n} minutes, or was cut.",
    "链接无效：已被使用、超过 $1 分钟，或不完整。",
  ],
  ["Sign in, or send a valid token: {text}", "请先登录。"],
  ["Too many sign-in attempts. Try again in {n} s.", "登录尝试过多。请在 $1 秒后重试。"],
  ["Too many sign-ins at the same time.", "同时登录的人过多，请稍后重试。"],
  ["The session has ended.", "会话已结束。"],
  ["The account is gone.", "账户已不存在。"],
  ["The account was changed at this moment. Try again.", "账户刚刚被修改。请重试。"],
  ["The account was changed at this moment. Sign in again.", "账户刚刚被修改。请重新登录。"],
  ["This needs the role {role}; you are {role}.", "此操作需要“$1”角色；您的角色是“$2”。"],
  ["{word} needs the role {role}; you are {role}.", "$1 需要“$2”角色；您的角色是“$3”。"],
  ["This needs a sign-in with a password, not a token.", "此操作需要用密码登录，不能使用令牌。"],
  [
    "A write with a cookie needs the header {word}; GET /session has its value.",
    "请求缺少 $1。请刷新页面后重试。",
  ],
  ["The request comes from a page of another site.", "请求来自其他网站的页面，已拒绝。"],
  ["There is no user {q}.", "没有名为 $1 的用户。"],
  ["There is a user {q} already.", "已有名为 $1 的用户。"],
  ["User {q} is being changed by others. Try again.", "其他人正在修改用户 $1。请重试。"],
  [
    "This is the last enabled admin; nobody could manage accounts any more.",
    "这是最后一个启用的管理员；否则将无人能管理账户。",
  ],
  ["There is no token {q}.", "没有编号为 $1 的令牌。"],
  ["You have a token {q} already.", "您已有名为 $1 的令牌。"],
  ["You have {n} tokens already. Delete one first.", "您已有 $1 个令牌。请先删除一个。"],
  [
    "You have {n} unused links. They end within {n} minutes.",
    "您有 $1 个未使用的链接，它们会在 $2 分钟内失效。",
  ],
  ["must not be more than your own, {role}", "不能高于您自己的角色“$1”"],
];

const SYSTEM: readonly Rule[] = [
  [
    "etcd is not available: it did not answer in time; a write may or may not have happened.",
    "etcd 不可用：没有及时响应；写入可能已生效，也可能没有。",
  ],
  ["etcd is not available: it did not answer in time.", "etcd 不可用：没有及时响应。"],
  ["etcd is not available: {message}", "etcd 不可用：$1"],
  ["etcd refused the request: {text}", "etcd 拒绝了请求：$1"],
  ["etcd refused the token: {text}", "etcd 拒绝了令牌：$1"],
  ["etcd does not answer: {text}", "etcd 没有响应：$1"],
  ["etcd's answer is too large: {text}", "etcd 的响应过大：$1"],
  [
    "etcd did not answer, so this may or may not have happened: {message}",
    "etcd 没有响应，此操作可能已生效，也可能没有：$1",
  ],
  ["The log store is not available: it did not answer in time.", "日志存储不可用：没有及时响应。"],
  ["The log store does not answer: last runs are not known.", "日志存储没有响应：无法得知最近的运行。"],
  [
    "The job list is not available: this master has not heard from etcd in time.",
    "任务列表不可用：本主节点没有及时收到 etcd 的消息。",
  ],
  [
    "The worker list is not available: this master has not heard from etcd in time.",
    "执行节点列表不可用：本主节点没有及时收到 etcd 的消息。",
  ],
  ["The ledger is not available: counting takes too long.", "账本不可用：统计耗时过长。"],
  ["The last runs is not available: counting takes too long.", "最近的运行不可用：统计耗时过长。"],
  [
    "The count of upcoming fires is not available: counting takes too long.",
    "未来的触发数不可用：统计耗时过长。",
  ],
  [
    "Too many jobs changed since then. Take a later window, or name a job.",
    "此后修改过的任务过多。请选择更晚的时间段，或指定一个任务。",
  ],
  [
    "The master could not answer because of an error of its own; its log has the details.",
    "主节点因自身错误无法响应；详情见其日志。",
  ],
  ["Nothing heard from etcd for {n} s.", "已有 $1 秒没有收到 etcd 的消息。"],
  ["No accounts: set {word} and start a master again.", "没有账户：请设置 $1，然后重新启动主节点。"],
  ["Too many streams.", "同时打开的实时输出过多，请稍后重试。"],
  ["Too many event streams.", "同时打开的页面过多，请稍后重试。"],
  ["The body has more than {n} bytes.", "内容超过 $1 字节。"],
  ["The body did not arrive within {n} s.", "内容没有在 $1 秒内传完。"],
  ["The body is not UTF-8 (byte {n}).", "内容不是 UTF-8 编码（第 $1 字节）。"],
  ["The body is nested too deeply.", "内容嵌套过深。"],
  ["The body is not valid JSON: {text}", "内容不是有效的 JSON：$1"],
  ["There is no page {q}.", "没有页面 $1。"],
  ["There is no file {q}.", "没有文件 $1。"],
  ["Not Found", "没有这个地址。"],
  ["Method Not Allowed", "该地址不支持这种操作。"],
];

/** In the order in which they are tried: those that say more come first. */
export const RULES: readonly Rule[] = [...FIELDS, ...SCHEDULES, ...JOBS, ...IMPORTS, ...ACCOUNTS, ...SYSTEM];
