export default {
  title: "audit",
};
