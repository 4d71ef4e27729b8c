-- Does anybody listen for notices?
SELECT EXISTS(
    SELECT FROM pg_stat_activity AS activity
    WHERE activity.application_name = 'lotwatch notices watch' AND activity.wait_event = 'ClientRead'
);
