import './base.css';
import './panel.css';
import './tagging.css';
import './runs.css';
