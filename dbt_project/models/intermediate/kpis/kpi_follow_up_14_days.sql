{{ follow_up_after_discharge(days=14) }}
