export default {
  title: "timeline",
};
